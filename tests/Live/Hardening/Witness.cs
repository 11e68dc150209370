using System.Collections.Concurrent;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Hardening;

/// <summary>Echoes, and tells the test what it was told, in order. That nothing is told twice or too late it sees to itself.</summary>
internal sealed class Witness(EventLoop loop) : Endpoint(Wire.Path)
{
    private const int PatienceMs = 20_000;

    private readonly HashSet<Handle> _open = [];
    private readonly BlockingCollection<string> _messages = [];
    private readonly BlockingCollection<ushort> _ends = [];

    /// <summary>How it sends.</summary>
    internal SendOptions Options { get; init; }

    /// <summary>What it does with a message that is text, instead of the echo.</summary>
    internal Action<EventLoop, Handle, string>? OnText { get; init; }

    /// <summary>Calls that came in no order.</summary>
    internal ConcurrentQueue<string> Misdeeds { get; } = [];

    public override void Opened(Handle connection) => Expect(_open.Add(connection), "opened twice");

    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
        Expect(_open.Contains(connection), "a message of a connection that is not open");
        if (opcode == Opcode.Text)
        {
            _messages.Add(Encoding.UTF8.GetString(message));
        }
        if (opcode == Opcode.Text && OnText is not null)
        {
            OnText(loop, connection, Encoding.UTF8.GetString(message));
        }
        else
        {
            loop.Send(connection, opcode, message, Options);
        }
    }

    public override void Drained(Handle connection) => Expect(_open.Contains(connection), "drained after the end");

    public override void Closed(Handle connection, ushort code)
    {
        Expect(_open.Remove(connection), "closed twice, or never opened");
        _ends.Add(code);
    }

    /// <summary>Waits for the next connection's end.</summary>
    internal int ExpectEnd()
    {
        Assert.True(_ends.TryTake(out ushort code, PatienceMs), "no connection ended");
        return code;
    }

    /// <summary>Waits until this text has come, whatever came before.</summary>
    internal void ExpectText(string text)
    {
        string? message;
        do
        {
            Assert.True(_messages.TryTake(out message, PatienceMs), $"{text} did not come");
        }
        while (message != text);
    }

    internal void ExpectNoFurtherEnd() => Assert.Empty(_ends);

    private void Expect(bool isRight, string misdeed)
    {
        if (!isRight)
        {
            Misdeeds.Enqueue(misdeed);
        }
    }
}
