using System.Buffers.Binary;
using System.Diagnostics;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Clients that send at a steady pace, whatever comes back, and measure how long each echo takes.</summary>
/// <remarks>Messages are due evenly in time, one client after the other. The latency is from the send to the return: where the load
/// itself was late, its own lateness is not the server's, but every later message is sent all the same.</remarks>
internal sealed class PacedEcho(Swarm swarm) : Load(swarm)
{
    private const int PayloadBytes = 64;
    private const int MessagesPerSecond = 2_000;
    private const int AnswersTimeoutMs = 5_000;

    private readonly byte[] _payload = new byte[PayloadBytes];
    private int _underWay;

    /// <summary>Of what has come back since it was last cleared.</summary>
    internal LatencyHistogram Latencies { get; } = new();

    internal override void Open(int count) => Swarm.Open(count);

    /// <summary>Keeps the pace for a time, calls back about every 4 ms, and waits for the last answers.</summary>
    internal void Run(int milliseconds, Action? onTick = null)
    {
        Client[] clients = [.. Swarm.Clients];
        long start = Stopwatch.GetTimestamp();
        int sent = 0;
        int toSend = milliseconds * (MessagesPerSecond / 1000);
        Swarm.Pump(() =>
        {
            int due = Math.Min((int)(Stopwatch.GetElapsedTime(start).TotalSeconds * MessagesPerSecond), toSend);
            if (sent < due)
            {
                for (; sent < due; sent++)
                {
                    Send(clients[sent % clients.Length]);
                }
                onTick?.Invoke();
            }
            bool late = Stopwatch.GetElapsedTime(start).TotalMilliseconds > milliseconds + AnswersTimeoutMs;
            return sent == toSend && (_underWay == 0 || late);
        }, waitMs: 1);
    }

    internal override void OnEvent(Client client, in WebSocketEvent e)
    {
        if (e.Kind == WebSocketEventKind.Data)
        {
            if (!e.First || !e.Last || e.Payload.Length != PayloadBytes)
            {
                throw new IOException("An echo is not what was sent.");
            }
            _underWay--;
            Latencies.Add((long)Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64LittleEndian(e.Payload)).TotalNanoseconds);
        }
    }

    private void Send(Client client)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_payload, Stopwatch.GetTimestamp());
        Swarm.Write(Opcode.Binary, _payload);
        Swarm.Flush(client);
        _underWay++;
    }
}
