namespace Sluice.Protocol;

/// <summary>What a step of an <see cref="Inflater"/> came to.</summary>
public enum InflateStatus
{
    /// <summary>The step was full: call again, with the input that was not consumed.</summary>
    More,

    /// <summary>All input is consumed, and the message goes on.</summary>
    NeedInput,

    /// <summary>The message is complete.</summary>
    Done,

    /// <summary>This is no DEFLATE stream, or it ends too early, or it reaches back further than it may.</summary>
    Broken,
}
