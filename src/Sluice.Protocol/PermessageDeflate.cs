namespace Sluice.Protocol;

/// <summary>One offer of permessage-deflate, or the answer to one (RFC 7692, 7.1): for each parameter nothing, its value, or
/// that it is there without one.</summary>
internal struct PermessageDeflate
{
    /// <summary>The longest that <see cref="Write"/> writes, and some more.</summary>
    internal const int TextBytesMax = 160;

    private const byte Absent = 0;
    private const byte Valueless = byte.MaxValue;

    private byte _serverFresh;
    private byte _clientFresh;
    private byte _serverBits;
    private byte _clientBits;

    private static ReadOnlySpan<byte> Name => "permessage-deflate"u8;

    private static ReadOnlySpan<byte> ServerFreshName => "server_no_context_takeover"u8;

    private static ReadOnlySpan<byte> ClientFreshName => "client_no_context_takeover"u8;

    private static ReadOnlySpan<byte> ServerBitsName => "server_max_window_bits"u8;

    private static ReadOnlySpan<byte> ClientBitsName => "client_max_window_bits"u8;

    /// <summary>What an answer agrees, seen from the server.</summary>
    internal readonly DeflateAgreement AtServer =>
        new(BitsOf(_serverBits), BitsOf(_clientBits), sendFresh: _serverFresh != Absent, receiveFresh: _clientFresh != Absent);

    /// <summary>What an answer agrees, seen from the client.</summary>
    internal readonly DeflateAgreement AtClient =>
        new(BitsOf(_clientBits), BitsOf(_serverBits), sendFresh: _clientFresh != Absent, receiveFresh: _serverFresh != Absent);

    /// <summary>A client's offer.</summary>
    internal static PermessageDeflate Offer(DeflateOffer offer) => new()
    {
        _serverFresh = offer.ReceiveFresh ? Valueless : Absent,
        _serverBits = BelowLargest(offer.ReceiveWindowBitsMax),
        _clientBits = Valueless,
    };

    /// <summary>Finds the first offer that can be accepted, and the answer to it.</summary>
    /// <param name="extensions">All that the client offers, well-formed.</param>
    /// <param name="options">What the server wants.</param>
    /// <param name="answer">The answer, when there is one.</param>
    internal static bool TryAnswer(ListElements extensions, DeflateOptions options, out PermessageDeflate answer)
    {
        foreach (ReadOnlySpan<byte> extension in extensions)
        {
            if (TryRead(extension, out PermessageDeflate offer))
            {
                answer = offer.AnswerBy(options);
                return true;
            }
        }
        answer = default;
        return false;
    }

    /// <summary>Reads a well-formed extension.</summary>
    /// <returns>False if it is another, or has a parameter that is unknown, repeated, or wrong in its value.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> extension, out PermessageDeflate read)
    {
        read = default;
        bool isName = true;
        foreach (Range part in extension.Split((byte)';'))
        {
            ReadOnlySpan<byte> text = Grammar.TrimSpace(extension[part]);
            if (isName ? !text.SequenceEqual(Name) : !read.TryAdd(text))
            {
                return false;
            }
            isName = false;
        }
        return true;
    }

    /// <summary>Whether this is something that a server may answer to an offer: what was asked is granted, and the client is
    /// bounded only if that was offered. A server may bind itself unasked, and may ask for messages without context.</summary>
    internal readonly bool IsAnswerTo(PermessageDeflate offer) =>
        (offer._serverFresh == Absent || _serverFresh != Absent)
        && (offer._serverBits == Absent || (_serverBits != Absent && _serverBits <= offer._serverBits))
        && (_clientBits == Absent || offer._clientBits != Absent)
        && _clientBits != Valueless;

    /// <summary>Writes it as a header's value.</summary>
    /// <param name="text">Has room for <see cref="TextBytesMax"/>.</param>
    /// <returns>How many bytes it takes.</returns>
    internal readonly int Write(Span<byte> text)
    {
        Name.CopyTo(text);
        int length = Name.Length;
        length += WriteParameter(text[length..], ServerFreshName, _serverFresh);
        length += WriteParameter(text[length..], ClientFreshName, _clientFresh);
        length += WriteParameter(text[length..], ServerBitsName, _serverBits);
        length += WriteParameter(text[length..], ClientBitsName, _clientBits);
        return length;
    }

    // Whatever is asked of the server can be done. What is wanted of a client is said only if it offered it.
    private readonly PermessageDeflate AnswerBy(DeflateOptions options)
    {
        int sendBits = Math.Min(BitsOf(_serverBits), options.SendWindowBitsMax);
        int receiveBits = Math.Min(BitsOf(_clientBits), options.ReceiveWindowBitsMax);
        bool bindsClient = _clientBits != Absent && options.ReceiveWindowBitsMax < DeflateAgreement.WindowBitsMax;
        return new()
        {
            _serverFresh = _serverFresh,
            _clientFresh = Valueless,
            _serverBits = _serverBits != Absent ? (byte)sendBits : BelowLargest(sendBits),
            _clientBits = bindsClient ? (byte)receiveBits : Absent,
        };
    }

    private bool TryAdd(ReadOnlySpan<byte> parameter)
    {
        int equals = parameter.IndexOf((byte)'=');
        ReadOnlySpan<byte> name = equals < 0 ? parameter : parameter[..equals];
        byte value = equals < 0 ? Valueless : ReadBits(Grammar.Unquote(parameter[(equals + 1)..]));
        return value != Absent
            && (name.SequenceEqual(ServerFreshName) ? value == Valueless && TrySet(ref _serverFresh, value)
            : name.SequenceEqual(ClientFreshName) ? value == Valueless && TrySet(ref _clientFresh, value)
            : name.SequenceEqual(ServerBitsName) ? value != Valueless && TrySet(ref _serverBits, value)
            : name.SequenceEqual(ClientBitsName) && TrySet(ref _clientBits, value));
    }

    private static bool TrySet(ref byte parameter, byte value)
    {
        bool isFirst = parameter == Absent;
        parameter = value;
        return isFirst;
    }

    private static int WriteParameter(Span<byte> text, ReadOnlySpan<byte> name, byte value)
    {
        if (value == Absent)
        {
            return 0;
        }
        "; "u8.CopyTo(text);
        name.CopyTo(text[2..]);
        int length = 2 + name.Length;
        if (value != Valueless)
        {
            text[length++] = (byte)'=';
            if (value >= 10)
            {
                text[length++] = (byte)'1';
            }
            text[length++] = (byte)('0' + (value % 10));
        }
        return length;
    }

    // "8" to "15" and no other spelling.
    private static byte ReadBits(ReadOnlySpan<byte> value) =>
        value.Length == 1 && value[0] is (byte)'8' or (byte)'9' ? (byte)(value[0] - '0')
        : value.Length == 2 && value[0] == '1' && value[1] is >= (byte)'0' and <= (byte)'5' ? (byte)(value[1] - '0' + 10)
        : Absent;

    private static int BitsOf(byte parameter) => parameter is Absent or Valueless ? DeflateAgreement.WindowBitsMax : parameter;

    private static byte BelowLargest(int bits) => bits < DeflateAgreement.WindowBitsMax ? (byte)bits : Absent;
}
