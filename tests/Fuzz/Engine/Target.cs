namespace Sluice.Fuzz;

/// <summary>A parser, and what must hold of it for any bytes.</summary>
/// <param name="name">How it is called on the command line and in folders.</param>
internal abstract class Target(string name)
{
    /// <summary>How it is called on the command line and in folders.</summary>
    public string Name { get; } = name;

    /// <summary>Longer inputs are not tried.</summary>
    public virtual int InputBytesMax => 1024;

    /// <summary>How many inputs every change must pass, in two seconds or so.</summary>
    public virtual int CiExecutions => 20_000;

    /// <summary>Inputs to begin with.</summary>
    public abstract IEnumerable<byte[]> Seeds { get; }

    /// <summary>Words of the language, which no chance would find.</summary>
    public virtual byte[][] Tokens => [];

    /// <summary>Runs one input: returns if every rule was kept, throws otherwise. What it does depends on the input alone.</summary>
    public abstract void Run(ReadOnlySpan<byte> input);

    /// <summary>Changes an input in a way that keeps its structure; false if this target knows none.</summary>
    public virtual bool Reshape(List<byte> input, Dice dice) => false;
}
