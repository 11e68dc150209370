using System.Buffers;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Drives an inflater as a connection does, and holds every step to its contract.</summary>
internal sealed class Inflation
{
    private readonly Inflater _inflater = new();
    private readonly ArrayBufferWriter<byte> _plain = new();

    /// <summary>What the last message came to.</summary>
    public byte[] Plain => _plain.WrittenSpan.ToArray();

    /// <summary>One message without history, in one piece.</summary>
    public static InflateStatus Of(ReadOnlySpan<byte> message, out byte[] plain, int windowBits = 15)
    {
        Inflation inflation = new();
        InflateStatus status = inflation.Message(message, windowBits: windowBits);
        plain = inflation.Plain;
        return status;
    }

    /// <summary>A whole message, cut where <paramref name="cuts"/> says.</summary>
    public InflateStatus Message(ReadOnlySpan<byte> message, int windowBits = 15, bool keepWindow = false, params ReadOnlySpan<int> cuts)
    {
        _plain.ResetWrittenCount();
        _inflater.Begin(windowBits, keepWindow);
        int start = 0;
        foreach (int cut in cuts)
        {
            InflateStatus status = Piece(message[start..cut], final: false);
            if (status == InflateStatus.Broken)
            {
                return status;
            }
            Assert.Equal(InflateStatus.NeedInput, status);
            start = cut;
        }
        return Piece(message[start..], final: true);
    }

    private InflateStatus Piece(ReadOnlySpan<byte> piece, bool final)
    {
        while (true)
        {
            InflateStatus status = _inflater.Step(piece, final, out int consumed, out Span<byte> output);
            _plain.Write(output);
            piece = piece[consumed..];
            Assert.InRange(output.Length, 0, Inflater.StepBytesMax);
            if (status == InflateStatus.Broken)
            {
                Assert.Equal(0, output.Length);
                return status;
            }
            Assert.Equal(_plain.WrittenCount, _inflater.MessageBytes);
            if (status != InflateStatus.More)
            {
                Assert.True(piece.IsEmpty);
                Assert.Equal(final, status == InflateStatus.Done);
                return status;
            }
            Assert.NotEqual(0, output.Length);
        }
    }
}
