using System.Text;
using Sluice.Loop;

namespace Sluice.Bench.Million;

/// <summary>A kernel with very many peers, who each connect, ask for an upgrade, and from then on only answer pings.</summary>
/// <remarks>Time stands still while there is something to tell, and else jumps to what is waited for. What it keeps itself, 9 bytes
/// a socket, is there from the start, and so does not count as the loop's.</remarks>
internal sealed class BareKernel : ISystem
{
    internal const string Path = "/echo";

    private const byte PingHeader = 0x89;

    private static readonly byte[] s_request = Encoding.ASCII.GetBytes(
        $"GET {Path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: c2x1aWNlLWJlbmNoLWtleQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");

    private readonly ulong[] _tokens;
    private readonly bool[] _isOpen;
    private readonly Queue<int> _speaking = new(); // who has something to say: a request, or a pong
    private readonly byte[] _buffer = new byte[ISystem.HeadroomBytes + 1024];
    private int _accepted;

    internal BareKernel(int sockets)
    {
        _tokens = new ulong[sockets];
        _isOpen = new bool[sockets];
    }

    /// <summary>How many have been upgraded.</summary>
    internal int Opened { get; private set; }

    /// <summary>How many pings were answered.</summary>
    internal int Pongs { get; private set; }

    public long Now { get; private set; }

    public void Random(Span<byte> destination) => destination.Fill(42);

    public bool Next(long deadlineMs, out Completion completion)
    {
        if (_speaking.TryDequeue(out int socket))
        {
            completion = Say(socket);
            return true;
        }
        if (_accepted < _tokens.Length)
        {
            completion = Completion.Of(CompletionKind.Accepted, 0, _accepted++);
            return true;
        }
        if (deadlineMs == long.MaxValue)
        {
            throw new InvalidOperationException("The loop waits for ever: it pings nobody.");
        }
        if (deadlineMs != ISystem.AtHand)
        {
            Now = Math.Max(Now, deadlineMs);
        }
        completion = default;
        return false;
    }

    public void Adopt(int socket, ulong token, bool peek)
    {
        _tokens[socket] = token;
        _speaking.Enqueue(socket);
    }

    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        if (!_isOpen[socket])
        {
            _isOpen[socket] = true;
            Opened++;
        }
        else if (buffer[offset] == PingHeader)
        {
            _speaking.Enqueue(socket);
        }
        else
        {
            throw new InvalidOperationException("An idle connection was sent something else than a ping.");
        }
        return new SendOutcome(SendStatus.Done, count);
    }

    public void Arm(int socket)
    {
    }

    public void Disarm(int socket)
    {
    }

    public void ShutdownWrite(int socket) => throw new InvalidOperationException("No connection ends here.");

    public void Close(int socket) => throw new InvalidOperationException("No connection ends here.");

    public void Release(int socket) => throw new InvalidOperationException("Nothing is given away here.");

    public void ResumeAccepting()
    {
    }

    public void StopAccepting()
    {
    }

    public void Wake()
    {
    }

    public void Dispose()
    {
    }

    private Completion Say(int socket)
    {
        ReadOnlySpan<byte> words = s_request;
        if (_isOpen[socket])
        {
            words = [0x8A, 0x80, 1, 2, 3, 4]; // an empty pong
            Pongs++;
        }
        words.CopyTo(_buffer.AsSpan(ISystem.HeadroomBytes));
        return new Completion(CompletionKind.Received, _tokens[socket], socket, _buffer, ISystem.HeadroomBytes, words.Length);
    }
}
