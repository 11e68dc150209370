using System.Runtime.InteropServices;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>One message through an inflater, each step held against the contract.</summary>
internal sealed class InflaterReading
{
    private readonly Inflater _inflater;
    private readonly List<byte> _output = [];

    public InflaterReading(Inflater inflater, int windowBits, bool keepWindow)
    {
        _inflater = inflater;
        _inflater.Begin(windowBits, keepWindow);
    }

    /// <summary>What the last step answered.</summary>
    public InflateStatus Status { get; private set; } = InflateStatus.NeedInput;

    /// <summary>What all steps gave.</summary>
    public ReadOnlySpan<byte> Output => CollectionsMarshal.AsSpan(_output);

    /// <summary>Reads a piece, unless the message has ended; stops behind as much output as the reference gives.</summary>
    public void Read(ReadOnlySpan<byte> piece, bool final)
    {
        bool goesOn = Status == InflateStatus.NeedInput;
        while (goesOn && _output.Count <= ReferenceInflater.OutputBytesMax)
        {
            Status = _inflater.Step(piece, final, out int consumed, out Span<byte> output);
            Oracle.Holds(consumed >= 0 && consumed <= piece.Length, "A step consumes no more than there is.");
            Oracle.Holds(output.Length <= Inflater.StepBytesMax, "The output of a step is bounded.");
            Oracle.Holds(Status != InflateStatus.More || output.Length > 0, "A step that wants to be called again has given something.");
            Oracle.Holds(Status != InflateStatus.NeedInput || (consumed == piece.Length && !final),
                "A step wants more input only when all is consumed and more may come.");
            Oracle.Holds(Status != InflateStatus.Done || (consumed == piece.Length && final),
                "A message is complete when it has ended and all is consumed.");
            Oracle.Holds(Status != InflateStatus.Broken || output.IsEmpty, "A step that breaks gives nothing.");
            piece = piece[consumed..];
            _output.AddRange(output);
            Oracle.Same(_output.Count, _inflater.MessageBytes, "The bytes of a message are counted.");
            goesOn = Status == InflateStatus.More;
        }
    }
}
