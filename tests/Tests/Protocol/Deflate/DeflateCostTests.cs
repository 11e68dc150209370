using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Neither direction allocates, whatever the message.</summary>
public class DeflateCostTests
{
    private const int Runs = 20;

    [Fact]
    public void Compressing_allocates_nothing()
    {
        Deflater deflater = new();
        byte[] message = Samples.Of(4, 70_000, seed: 1);
        byte[] destination = new byte[Deflater.BytesMax(message.Length)];
        int written = 0;
        Allocation.IsNone(Runs, () =>
        {
            written += deflater.Compress(default, message, 15, destination, out _);
            written += deflater.Compress(message.AsSpan(0, 4096), message.AsSpan(200, 300), 12, destination, out _);
        });
        Assert.NotEqual(0, written);
    }

    [Fact]
    public void Inflating_allocates_nothing()
    {
        Inflater inflater = new();
        byte[] good = Zlib.Deflate(Samples.Of(4, 70_000, seed: 2));
        byte[] bad = [.. good];
        bad[500] ^= 1;
        int done = 0;
        Allocation.IsNone(Runs, () =>
        {
            done += Inflate(inflater, good) == InflateStatus.Done ? 1 : 0;
            done += Inflate(inflater, bad) == InflateStatus.NeedInput ? 1 : 0;
        });
        Assert.Equal(2 * Runs, done);
    }

    private static InflateStatus Inflate(Inflater inflater, ReadOnlySpan<byte> message)
    {
        inflater.Begin(15, keepWindow: false);
        InflateStatus status;
        do
        {
            status = inflater.Step(message, final: true, out int consumed, out _);
            message = message[consumed..];
        }
        while (status == InflateStatus.More);
        return status;
    }
}
