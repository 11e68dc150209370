using System.Globalization;
using System.Text.RegularExpressions;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>permessage-deflate as RFC 7692, 7.1, words it, over text.</summary>
/// <param name="ServerFresh">server_no_context_takeover.</param>
/// <param name="ClientFresh">client_no_context_takeover.</param>
/// <param name="ServerBits">server_max_window_bits; 0 if absent.</param>
/// <param name="ClientBits">client_max_window_bits; 0 if absent.</param>
/// <param name="ClientBitsOffered">client_max_window_bits is there, perhaps without a value.</param>
internal sealed partial record ExtensionModel(bool ServerFresh, bool ClientFresh, int ServerBits, int ClientBits, bool ClientBitsOffered)
{
    private const string TokenByte = @"[!#$%&'*+\-.^_`|~0-9A-Za-z]";
    private const string Space = @"[ \t]*";
    private const string Value = "(" + TokenByte + @"+|""(\\?" + TokenByte + @")+"")";
    private const string Spaced = Space + TokenByte + "+" + Space;
    private const string Extension = Spaced + "(;" + Spaced + "(=" + Space + Value + Space + ")?)*";

    /// <summary>Whether a line is a list of extensions, whatever they are (RFC 6455, 9.1).</summary>
    public static bool IsWellFormed(string line) => Grammar().IsMatch(line);

    /// <summary>Reads one element of a well-formed line; null if it is not permessage-deflate, or has a parameter that makes it
    /// unacceptable.</summary>
    public static ExtensionModel? Read(string extension)
    {
        string[] parts = [.. extension.Split(';').Select(static part => part.Trim(' ', '\t'))];
        string[] names = [.. parts[1..].Select(static part => part.Split('=')[0])];
        if (parts[0] != "permessage-deflate" || names.Distinct().Count() != names.Length || !parts[1..].All(static part => Parameter().IsMatch(part)))
        {
            return null;
        }
        int Bits(string name) => parts.Where(part => part.StartsWith(name + "=", StringComparison.Ordinal))
            .Select(static part => int.Parse(part.Split('=')[1].Trim('"'), CultureInfo.InvariantCulture)).FirstOrDefault();
        return new(names.Contains("server_no_context_takeover"), names.Contains("client_no_context_takeover"),
            Bits("server_max_window_bits"), Bits("client_max_window_bits"), names.Contains("client_max_window_bits"));
    }

    /// <summary>Checks what a server agreed to on these extensions.</summary>
    public static void CheckAgreement(string[] offered, DeflateOptions? options, DeflateAgreement agreement, string[] answered)
    {
        ExtensionModel? offer = options is null ? null : offered.Select(Read).FirstOrDefault(static offer => offer is not null);
        Oracle.Same(offer is not null, agreement.Agreed, "Compression is agreed on exactly if it is spoken and an offer can be accepted.");
        Oracle.Same(offer is not null ? 1 : 0, answered.Length, "An accepted offer is answered once, and nothing else is.");
        if (offer is null || options is null)
        {
            return;
        }
        ExtensionModel? answer = Read(answered[0]);
        Oracle.Holds(answer is not null, "An answer is permessage-deflate with parameters that it may have.");
        Oracle.Holds(answer!.ClientFresh && agreement.ReceiveFresh, "A client is always asked to compress each message alone.");
        Oracle.Same(offer.ServerFresh, answer.ServerFresh, "A server compresses each message alone if it is asked to.");
        Oracle.Same(answer.ServerFresh, agreement.SendFresh, "What is answered is what is agreed.");
        Oracle.Same(Math.Min(Window(offer.ServerBits), options.SendWindowBitsMax), agreement.SendWindowBits,
            "A server's window is the smaller of what it wants and what it is asked.");
        Oracle.Same(Window(answer.ServerBits), agreement.SendWindowBits, "The server's window is answered as it is agreed.");
        Oracle.Holds(offer.ServerBits == 0 || answer.ServerBits > 0, "A bound that is asked of the server is repeated.");
        Oracle.Same(Window(answer.ClientBits), agreement.ReceiveWindowBits, "The client's window is answered as it is agreed.");
        Oracle.Holds(!answer.ClientBitsOffered || (offer.ClientBitsOffered && answer.ClientBits > 0),
            "A client's window is bounded only if that is offered, and by a number.");
        Oracle.Holds(!offer.ClientBitsOffered || agreement.ReceiveWindowBits <= options.ReceiveWindowBitsMax,
            "A client's window is bounded if the server wants that and may.");
    }

    /// <summary>Checks what a client agreed to: null answers were refused.</summary>
    public static bool IsAnswerTo(DeflateOffer? offer, string[] answered, out ExtensionModel? answer)
    {
        answer = answered.Length == 1 ? Read(answered[0]) : null;
        return answered.Length == 0
            || (offer is not null && answer is not null
                && (!offer.ReceiveFresh || answer.ServerFresh)
                && (offer.ReceiveWindowBitsMax == 15 || (answer.ServerBits > 0 && answer.ServerBits <= offer.ReceiveWindowBitsMax))
                && (!answer.ClientBitsOffered || answer.ClientBits > 0));
    }

    /// <summary>What a parameter says.</summary>
    public static int Window(int bits) => bits == 0 ? 15 : bits;

    [GeneratedRegex(@"\A((server|client)_no_context_takeover|client_max_window_bits|(server|client)_max_window_bits=((8|9|1[0-5])|""(8|9|1[0-5])""))\z")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\A" + Extension + "(," + Extension + @")*\z")]
    private static partial Regex Grammar();
}
