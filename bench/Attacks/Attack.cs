using System.Buffers;
using System.Text;
using Sluice.Bench.Loads;
using Sluice.Protocol;

namespace Sluice.Bench.Attacks;

/// <summary>How attackers behave.</summary>
internal enum Manner
{
    /// <summary>Sends the flood again and again, as fast as it is taken, and reads what comes.</summary>
    Flood,

    /// <summary>Sends the flood once, and waits for the end.</summary>
    Once,

    /// <summary>As <see cref="Flood"/>, but reads nothing.</summary>
    Deaf,

    /// <summary>Sends the request a byte at a time, one a second.</summary>
    Drip,
}

/// <summary>One kind of hostile load. Who is thrown out comes back at once.</summary>
/// <param name="Name">On the command line of the attacker.</param>
/// <param name="Work">As the tables call it.</param>
/// <param name="Connections">How many at a time.</param>
/// <param name="Manner">How.</param>
/// <param name="MakeFlood">What each sends after its handshake.</param>
internal sealed record Attack(string Name, string Work, int Connections, Manner Manner, Func<byte[]> MakeFlood)
{
    /// <summary>Whether it offers permessage-deflate; else what the server pays would be its compressing of answers.</summary>
    internal bool OffersDeflate { get; init; }

    private const int FloodBytes = 60 << 10;
    private const int BombBytes = 200 << 20;
    private const int FinalText = 0x81;
    private const int Text = 0x01;
    private const int Continuation = 0x00;
    private const int Ping = 0x89;

    internal static Attack[] All { get; } =
    [
        new("bomb", "bombs: 200 KB that inflate to 200 MB", 8, Manner.Once, static () => Deflated.ClientFrame(Opcode.Binary, new byte[BombBytes])) { OffersDeflate = true },
        new("handshakes", "10,000 slow handshakes", 10_000, Manner.Drip, static () => []),
        new("frames", "flood of 6-byte frames", 16, Manner.Flood, static () => Repeat(FinalText)),
        new("pings", "flood of pings", 16, Manner.Flood, static () => Repeat(Ping)),
        new("fragments", "flood of empty fragments", 16, Manner.Flood, static () => [.. Repeat(Text).AsSpan(0, 6), .. Repeat(Continuation)]),
        new("deaf", "peers that never read", 200, Manner.Deaf, static () => Echoes(4 << 10)),
    ];

    /// <summary>Empty masked frames.</summary>
    private static byte[] Repeat(byte first) => [.. Enumerable.Range(0, FloodBytes / 6).SelectMany(_ => (byte[])[first, 0x80, 1, 2, 3, 4])];

    private static byte[] Echoes(int messageBytes)
    {
        ArrayBufferWriter<byte> frames = new();
        byte[] message = Encoding.ASCII.GetBytes(new string('e', messageBytes));
        while (frames.WrittenCount < FloodBytes)
        {
            WebSocketConnection<ClientRole>.WriteFrame(frames, Opcode.Text, message, new CheapMaskKeys());
        }
        return frames.WrittenSpan.ToArray();
    }
}
