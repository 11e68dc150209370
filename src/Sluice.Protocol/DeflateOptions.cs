using System.Runtime.CompilerServices;

namespace Sluice.Protocol;

/// <summary>How a server compresses and lets compress (permessage-deflate, RFC 7692). It asks every client to compress
/// each message alone (<c>client_no_context_takeover</c>), so that it holds no window for a connection.</summary>
/// <remarks>Whoever can put text beside a secret into one compressed message, or into one whose window holds the secret, learns
/// the secret from the lengths alone, byte by byte, encrypted or not (CRIME, BREACH). Send such messages plain.</remarks>
public sealed record DeflateOptions
{
    /// <summary>A message for one peer that is shorter goes plain: compressing it would cost more than it saves. 0: none is too short.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int MessageBytesMin
    {
        get;
        init => field = CheckLength(value);
    } = 512;

    /// <summary>A message for one peer that is longer goes plain: compressing it would keep the loop's other connections waiting. 0: all
    /// of them go plain.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int MessageBytesMax
    {
        get;
        init => field = CheckLength(value);
    } = 128 << 10;

    /// <summary>What is sent reaches back at most 2 to this power bytes, 8 to 15; less if the client asks for less.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 8 to 15.</exception>
    public int SendWindowBitsMax
    {
        get;
        init => field = CheckWindow(value);
    } = DeflateAgreement.WindowBitsMax;

    /// <summary>Likewise for what clients send, as far as they offer to be bounded. (8 is more than some clients can do.)</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 8 to 15.</exception>
    public int ReceiveWindowBitsMax
    {
        get;
        init => field = CheckWindow(value);
    } = DeflateAgreement.WindowBitsMax;

    private static int CheckLength(int bytes, [CallerMemberName] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes, name);
        return bytes;
    }

    internal static int CheckWindow(int bits, [CallerMemberName] string name = "") => DeflateAgreement.IsWindow(bits)
        ? bits
        : throw new ArgumentOutOfRangeException(name, bits, "A window of permessage-deflate is 8 to 15 bits.");
}

/// <summary>What a client offers about permessage-deflate. That the server may bound the client's own window it offers always.</summary>
public sealed record DeflateOffer
{
    /// <summary>Asks the server to compress each message alone, so that nothing needs to be remembered between them.</summary>
    public bool ReceiveFresh { get; init; }

    /// <summary>Asks that what the server sends reaches back at most 2 to this power bytes, 8 to 15.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 8 to 15.</exception>
    public int ReceiveWindowBitsMax
    {
        get;
        init => field = DeflateOptions.CheckWindow(value);
    } = DeflateAgreement.WindowBitsMax;
}
