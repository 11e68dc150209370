using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Sluice.Fuzz;

/// <summary>Tries inputs on one target: those that are known, then new ones made of those that took new ways.</summary>
/// <remarks>The same target, seed, known inputs and number of executions give the same inputs and findings.</remarks>
internal sealed class FuzzLoop
{
    private const int FindingsMax = 16;
    private const int ReshapesOfTen = 4;

    private readonly Target _target;
    private readonly Dice _dice;
    private readonly Mutator _mutator;
    private readonly Coverage _coverage = new();
    private readonly Watchdog _watchdog;

    public FuzzLoop(Target target, ulong seed, Watchdog watchdog)
    {
        _target = target;
        _dice = new Dice(seed);
        _mutator = new Mutator(_dice, target.Tokens);
        _watchdog = watchdog;
    }

    /// <summary>What takes new ways.</summary>
    public Corpus Corpus { get; } = new();

    /// <summary>What broke a rule, one input a bug.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>How many inputs were run.</summary>
    public long Executions { get; private set; }

    /// <summary>Whether so much is wrong that more would not help.</summary>
    public bool Full => Findings.Count >= FindingsMax;

    /// <summary>Runs inputs as they are.</summary>
    public void Replay(IEnumerable<byte[]> inputs)
    {
        foreach (byte[] input in inputs)
        {
            Try(input);
        }
    }

    /// <summary>Makes a new input and runs it.</summary>
    public void Step()
    {
        List<byte> input = [.. Pick()];
        bool reshaped = _dice.Below(10) < ReshapesOfTen && Reshape(input);
        if (!reshaped || _dice.Below(2) == 0)
        {
            _mutator.Mutate(input, Pick());
        }
        Try(CollectionsMarshal.AsSpan(input)[..Math.Min(input.Count, _target.InputBytesMax)]);
    }

    /// <summary>Few inputs that take every way, shorter than <paramref name="bytesMax"/>; those that take most come first.</summary>
    public List<byte[]> Minimise(int inputsMax, int bytesMax)
    {
        PriorityQueue<(byte[] Input, int[] Features), (int Gain, int Length)> candidates = new();
        foreach (byte[] input in Corpus.Inputs.Where(input => input.Length < bytesMax))
        {
            if (Execute(input) is null)
            {
                int[] features = [.. _coverage.End()];
                candidates.Enqueue((input, features), (-features.Length, input.Length));
            }
        }
        List<byte[]> chosen = [];
        HashSet<int> taken = [];
        while (chosen.Count < inputsMax && candidates.TryDequeue(out (byte[] Input, int[] Features) best, out (int Gain, int Length) before))
        {
            int gain = best.Features.Count(feature => !taken.Contains(feature));
            if (gain == -before.Gain)
            {
                chosen.Add(best.Input);
                taken.UnionWith(best.Features);
            }
            else if (gain > 0)
            {
                candidates.Enqueue(best, (-gain, before.Length)); // others may gain more now
            }
        }
        return chosen;
    }

    private byte[] Pick() => Corpus.Count > 0 ? Corpus.Pick(_dice) : [];

    private bool Reshape(List<byte> input)
    {
        bool reshaped = false;
        for (int changes = _dice.Small(4); changes > 0; changes--)
        {
            reshaped = _target.Reshape(input, _dice);
        }
        return reshaped;
    }

    private void Try(ReadOnlySpan<byte> input)
    {
        Executions++;
        Exception? error = Execute(input);
        if (error is null)
        {
            Corpus.Offer(input, _coverage.End());
        }
        else if (!Full && Findings.TrueForAll(known => known.Key != Finding.KeyOf(error)))
        {
            Findings.Add(Shorten(new Finding(input.ToArray(), error)));
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is a finding.")]
    private Exception? Execute(ReadOnlySpan<byte> input)
    {
        _watchdog.Begin(input);
        _coverage.Begin();
        try
        {
            _target.Run(input);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    // Takes out pieces, large ones first, as long as the same goes wrong.
    private Finding Shorten(Finding finding)
    {
        for (int length = Math.Max(1, finding.Input.Length / 2); length > 0; length /= 2)
        {
            for (int at = 0; at + length <= finding.Input.Length;)
            {
                byte[] shorter = [.. finding.Input.AsSpan(0, at), .. finding.Input.AsSpan(at + length)];
                Exception? error = Execute(shorter);
                if (error is not null && Finding.KeyOf(error) == finding.Key)
                {
                    finding = new Finding(shorter, error);
                }
                else
                {
                    at += length;
                }
            }
        }
        return finding;
    }
}
