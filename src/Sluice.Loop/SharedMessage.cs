using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>A message encoded once for all its readers: a server's frames are unmasked, hence the same for every peer.</summary>
/// <remarks>
/// <para>Immutable, for any thread. Beside the plain frame it has those compressed ones that its <see cref="MessageEncoder"/>
/// found worth making; which of them a peer gets is decided by what that peer's window holds (<see cref="PeerWindow"/>).</para>
/// <para>It refers to no earlier message, so keeping one keeps no other.</para>
/// </remarks>
public sealed class SharedMessage
{
    private readonly VariantDemand? _demand;
    private readonly DeflatedFrame?[]? _variants; // by Variant

    /// <summary>A message that is sent as it is.</summary>
    /// <param name="frame">A finished frame, which nothing changes any more.</param>
    public SharedMessage(byte[] frame) => Frame = frame;

    internal SharedMessage(byte[] frame, ulong number, VariantDemand demand, DeflatedFrame?[]? variants)
    {
        Frame = frame;
        Number = number;
        _demand = demand;
        _variants = variants;
    }

    /// <summary>A message of these bytes, never compressed: encode once, send to many.</summary>
    /// <param name="opcode">Text or binary.</param>
    /// <param name="payload">For text valid UTF-8, which is not checked.</param>
    public static SharedMessage Of(Opcode opcode, ReadOnlySpan<byte> payload) => new(FrameOf(opcode, payload, compressed: false));

    /// <summary>The plain frame.</summary>
    public byte[] Frame { get; }

    /// <summary>What it costs to keep, compressed frames included.</summary>
    public int Bytes
    {
        get
        {
            int bytes = Frame.Length;
            foreach (DeflatedFrame? variant in _variants ?? [])
            {
                bytes += variant?.Frame.Length ?? 0;
            }
            return bytes;
        }
    }

    /// <summary>Its number among all compressed messages of this process, or the next one's if no compressed frame was made.</summary>
    internal ulong Number { get; }

    /// <summary>The frame for a peer, and what that peer's window holds once it has it.</summary>
    internal byte[] FrameFor(DeflateAgreement deflate, ref PeerWindow window)
    {
        if (!deflate.Agreed || _demand is null)
        {
            return Frame;
        }
        Variant best = BestVariant(deflate, window);
        _demand.Want(best);
        for (Variant variant = best; variant >= Variant.Fresh; variant--)
        {
            if (_variants?[(int)variant] is { } compressed && compressed.Reach <= 1 << deflate.SendWindowBits)
            {
                window.Receive(Number);
                return compressed.Frame;
            }
        }
        return Frame;
    }

    // The variant with the longest history that the peer's window is known to hold.
    private Variant BestVariant(DeflateAgreement deflate, in PeerWindow window)
    {
        if (deflate.SendFresh || window.Last == 0 || window.Last != Number - 1)
        {
            return Variant.Fresh;
        }
        return _variants?[(int)Variant.OnRun] is not { } run || window.RunStart <= run.HistoryStart ? Variant.OnRun : Variant.OnOne;
    }

    internal static byte[] FrameOf(Opcode opcode, ReadOnlySpan<byte> payload, bool compressed)
    {
        byte[] frame = GC.AllocateUninitializedArray<byte>(FrameHeader.SizeOf(payload.Length, masked: false) + payload.Length);
        FrameHeader.WriteFrame(frame, opcode, final: true, payload, compressed);
        return frame;
    }
}

/// <summary>How a compressed frame looks back; each is legal wherever the one before it is.</summary>
internal enum Variant
{
    /// <summary>Not at all: legal for every peer at any time.</summary>
    Fresh,

    /// <summary>At the compressed message before it.</summary>
    OnOne,

    /// <summary>At the last kilobytes of its source's compressed messages.</summary>
    OnRun,
}

/// <summary>One compressed frame.</summary>
/// <param name="Frame">The whole frame.</param>
/// <param name="Reach">How many bytes of window its receiver needs.</param>
/// <param name="HistoryStart">The number of the earliest message that it may look back at; its own if it looks at none.</param>
internal sealed record DeflatedFrame(byte[] Frame, int Reach, ulong HistoryStart);

/// <summary>What a peer's inflater holds, as far as it is of use: messages of consecutive numbers.</summary>
/// <remarks>Every compressed message enters a peer's window, one that looks back at nothing too, and one of another source
/// breaks the run; a plain one does not enter it and breaks nothing.</remarks>
internal struct PeerWindow
{
    /// <summary>The number of the last compressed message; 0 if that was not one of a source's.</summary>
    public ulong Last;

    /// <summary>The number at which the unbroken run that ends with it began.</summary>
    public ulong RunStart;

    public void Receive(ulong number)
    {
        if (number == 0 || number != Last + 1)
        {
            RunStart = number;
        }
        Last = number;
    }
}
