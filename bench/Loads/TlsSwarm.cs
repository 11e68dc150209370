using System.Buffers;
using System.Net;
using System.Net.Security;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>WebSocket clients over TLS: a stream and a pending read for each. They answer pings, and echo when they are told to.</summary>
/// <param name="server">Where.</param>
/// <param name="path">Its path.</param>
/// <param name="certificate">The one that it must show.</param>
internal sealed class TlsSwarm(IPEndPoint server, string path, byte[] certificate) : IDisposable
{
    private const int OpeningMax = 32;
    private const int PhaseTimeoutMs = 120_000;

    private static readonly byte[] s_payload = [.. Enumerable.Range(0, EchoLoad.PayloadBytes).Select(static i => (byte)('a' + (i % 26)))];

    private readonly ClientSockets _sockets = new(server);
    private readonly List<TlsClient> _clients = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _busy;
    private TaskCompletionSource _done = new();

    /// <summary>Opens clients until there are <paramref name="count"/>, and has all of them echo some messages.</summary>
    internal void Open(int count)
    {
        while (_clients.Count < count)
        {
            Task<TlsClient>[] opening = [.. Enumerable.Range(0, Math.Min(OpeningMax, count - _clients.Count)).Select(_ => OpenAsync())];
            _clients.AddRange(Task.WhenAll(opening).GetAwaiter().GetResult());
        }
        if (count > 0)
        {
            Run(messagesPerClient: 4, pipeline: 1);
        }
    }

    /// <summary>Has every client send <paramref name="messagesPerClient"/> messages, <paramref name="pipeline"/> at a time.</summary>
    internal void Run(int messagesPerClient, int pipeline)
    {
        _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _busy = _clients.Count;
        foreach (TlsClient client in _clients)
        {
            client.Begin(messagesPerClient, pipeline);
        }
        if (Task.WaitAny([_done.Task, _failed.Task], PhaseTimeoutMs) != 0)
        {
            throw new IOException("The server did not answer all.", _failed.Task.Exception);
        }
    }

    public void Dispose() => _clients.ForEach(static client => client.Dispose());

    private async Task<TlsClient> OpenAsync()
    {
        SslStream stream = new(new System.Net.Sockets.NetworkStream(_sockets.ConnectSocket(), ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(certificate),
        });
        ArrayBufferWriter<byte> request = new();
        Upgrade.WriteRequest(request, server, path, offersDeflate: false);
        await stream.WriteAsync(request.WrittenMemory);
        TlsClient client = new(this, stream);
        _ = client.ServeAsync();
        return client;
    }

    private void OnIdle()
    {
        if (Interlocked.Decrement(ref _busy) == 0)
        {
            _done.SetResult();
        }
    }

    /// <summary>One of them. Its reads are its own; its writes come from two sides, in turn.</summary>
    private sealed class TlsClient(TlsSwarm swarm, SslStream stream) : IDisposable
    {
        private readonly byte[] _input = new byte[4096];
        private readonly ArrayBufferWriter<byte> _output = new(256);
        private readonly CheapMaskKeys _masks = new();
        private bool _isOpen;
        private bool _isDisposed;
        private int _toSend;
        private int _toReceive;

        internal void Begin(int messages, int pipeline)
        {
            lock (_output)
            {
                _toSend = messages;
                _toReceive = messages;
                for (int i = 0; i < pipeline; i++)
                {
                    WriteNext();
                }
                Flush();
            }
        }

        /// <summary>Reads until the end.</summary>
        internal async Task ServeAsync()
        {
            try
            {
                int length = 0;
                while (true)
                {
                    int count = await stream.ReadAsync(_input.AsMemory(length));
                    if (count == 0)
                    {
                        throw new IOException("The server ended a connection.");
                    }
                    length = Take(length + count);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                if (!_isDisposed)
                {
                    swarm._failed.TrySetException(e);
                }
            }
        }

        public void Dispose()
        {
            _isDisposed = true;
            stream.Dispose();
        }

        /// <summary>Takes what is whole, and moves the rest to the front.</summary>
        private int Take(int length)
        {
            ReadOnlySpan<byte> input = _input.AsSpan(0, length);
            if (!_isOpen)
            {
                int head = Upgrade.ReadResponse(input, out _);
                _isOpen = head > 0;
                input = input[head..];
            }
            lock (_output)
            {
                while (_isOpen && SkimmedFrame.TryRead(input, out SkimmedFrame frame))
                {
                    OnFrame(frame);
                    input = input[frame.WireBytes..];
                }
                Flush();
            }
            input.CopyTo(_input);
            return input.Length;
        }

        private void OnFrame(in SkimmedFrame frame)
        {
            if (frame.Opcode == Opcode.Ping)
            {
                WebSocketConnection<ClientRole>.WriteFrame(_output, Opcode.Pong, frame.Payload, _masks);
                return;
            }
            if (!frame.Payload.SequenceEqual(s_payload))
            {
                throw new IOException("Other bytes came back than were sent.");
            }
            WriteNext();
            if (--_toReceive == 0)
            {
                swarm.OnIdle();
            }
        }

        private void WriteNext()
        {
            if (_toSend > 0)
            {
                _toSend--;
                WebSocketConnection<ClientRole>.WriteFrame(_output, Opcode.Text, s_payload, _masks);
            }
        }

        private void Flush()
        {
            if (_output.WrittenCount > 0)
            {
                stream.Write(_output.WrittenSpan);
                _output.ResetWrittenCount();
            }
        }
    }
}
