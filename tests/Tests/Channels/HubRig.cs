using System.Buffers.Binary;
using System.Text;
using Sluice.Channels;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Loop;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Channels;

/// <summary>A hub and its channels on one loop over a scripted system; clients that are bytes.</summary>
internal sealed class HubRig
{
    private const string Path = "/w";
    private const int TurnsToSettle = 20;

    private readonly EventLoop _loop;
    private readonly Dictionary<int, int> _shown = [];

    internal HubRig()
    {
        _loop = new EventLoop(System);
        Broker = new MemoryBroker([_loop]);
        _loop.Serve(new Hub(_loop, Broker.From(_loop), s_options, Path) { Subprotocols = ["centrifuge-json", "centrifuge-protobuf"] });
    }

    internal static ChannelOptions Room { get; } = new()
    {
        HistorySize = 100,
        HistoryTtlMs = 60_000,
        Presence = true,
        JoinLeave = true,
        Subscribe = Access.Client,
        Publish = Access.Client,
        History = Access.Client,
        ReadPresence = Access.Client,
    };

    private static readonly ChannelOptions s_quiet = Room with { JoinLeave = false, Presence = false };

    private static readonly HubOptions s_options = new()
    {
        AllowAnonymous = true,
        AnonymousInfoFromData = true,
        Version = "v",
        Namespaces = new ChannelNamespaces { Options = new Dictionary<string, ChannelOptions> { ["r"] = Room, ["n"] = s_quiet } },
    };

    internal ScriptedSystem System { get; } = new();

    internal MemoryBroker Broker { get; }

    /// <summary>A client that asks for Protobuf, or for nothing.</summary>
    internal int Open(bool protobuf, string query = "")
    {
        int socket = System.Accept();
        _loop.Turn();
        string request = Encoding.ASCII.GetString(ScriptedSystem.Request(Path + query));
        if (protobuf)
        {
            request = request.Insert(request.Length - 2, "Sec-WebSocket-Protocol: centrifuge-protobuf\r\n");
        }
        System.Deliver(socket, Encoding.ASCII.GetBytes(request));
        _loop.Turn();
        _shown[socket] = System.Taken[socket].Count;
        return socket;
    }

    internal int Connected(bool protobuf)
    {
        int socket = Open(protobuf);
        if (protobuf)
        {
            Send(socket, Opcode.Binary, Proto.Bytes("{08 01 22 {}}"));
        }
        else
        {
            SendText(socket, """{"id":1,"connect":{}}""");
        }
        Frames(socket);
        return socket;
    }

    /// <summary>Publishes as the server's own API does.</summary>
    internal void Publish(string channel, string data, string? tags = null)
    {
        Broker.Publish(new PublishRequest
        {
            Channel = channel,
            Options = s_options.Namespaces.Options[channel[..1]],
            Data = Encoding.UTF8.GetBytes(data),
            Tags = tags is null ? null : Encoding.UTF8.GetBytes(tags),
            Asker = new Nobody(),
        });
        Settle();
    }

    /// <summary>Has somebody elsewhere come or go.</summary>
    internal void ChangePresence(string channel, bool joined)
    {
        Broker.ChangePresence(new PresenceChange
        {
            Channel = channel,
            Options = Room,
            Client = new ClientInfo(new Guid(0, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]), new Identity("ann", "1"u8.ToArray())),
            Joined = joined,
            Asker = new Nobody(),
        });
        Settle();
    }

    /// <summary>A client's connection ends.</summary>
    internal void End(int socket)
    {
        System.End(socket);
        Settle();
    }

    internal void SendText(int socket, string text) => Send(socket, Opcode.Text, Encoding.UTF8.GetBytes(text));

    internal void Send(int socket, Opcode opcode, ReadOnlySpan<byte> message)
    {
        System.Deliver(socket, Hex.Frame(opcode, true, message));
        Settle();
    }

    internal void Settle()
    {
        for (int i = 0; i < TurnsToSettle; i++)
        {
            _loop.Turn();
        }
    }

    internal void Wait(int ms)
    {
        System.Now += ms;
        Settle();
    }

    /// <summary>What a client was sent since it was last asked: text as it is, binary in hex, "close 3501 bad request".</summary>
    internal List<string> Frames(int socket)
    {
        byte[] all = [.. System.Taken[socket]];
        ReadOnlySpan<byte> rest = all.AsSpan(_shown[socket]);
        _shown[socket] = all.Length;
        List<string> frames = [];
        while (FrameHeader.TryRead(rest, out FrameHeader header) && rest.Length >= header.Size + (int)header.PayloadLength)
        {
            ReadOnlySpan<byte> payload = rest.Slice(header.Size, (int)header.PayloadLength);
            rest = rest[(header.Size + payload.Length)..];
            frames.Add(header.Opcode switch
            {
                Opcode.Text => Encoding.UTF8.GetString(payload),
                Opcode.Close => $"close {BinaryPrimitives.ReadUInt16BigEndian(payload)} {Encoding.ASCII.GetString(payload[2..])}",
                _ => Convert.ToHexStringLower(payload),
            });
        }
        Assert.Equal(0, rest.Length);
        return frames;
    }

    private sealed class Nobody : IAsker
    {
        public void Answered(ChannelRequest request)
        {
        }
    }
}
