using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Streams of frames mean the same however the network cuts them.</summary>
public class CutTests
{
    [Fact]
    public void A_stream_means_the_same_at_every_two_cuts()
    {
        byte[] stream =
        [
            .. Hex.Frame(Opcode.Text, false, "aé"u8), .. Hex.Frame(Opcode.Ping, true, [1, 2]), .. Hex.Frame(Opcode.Continuation, true, "€b"u8),
            .. Hex.Frame(Opcode.Binary, true, new byte[130]), .. Hex.Frame(Opcode.Close, true, [0x03, 0xE8, (byte)'x']), 0xFF, 0xFF,
        ];
        string expected = Run(stream, () => stream.Length, out byte[] replies);
        Assert.EndsWith("| close 1000 x", expected, StringComparison.Ordinal);
        for (int first = 1; first < stream.Length; first++)
        {
            for (int second = 1; second < stream.Length - first; second += 3)
            {
                Queue<int> lengths = new([first, second, stream.Length]);
                Assert.Equal(expected, Run(stream, lengths.Dequeue, out byte[] cutReplies));
                Assert.Equal(replies, cutReplies);
            }
        }
    }

    [Fact]
    public void Random_streams_mean_the_same_at_random_cuts()
    {
        for (ulong seed = 1; seed <= 2000; seed++)
        {
            Dice dice = new(seed);
            byte[] stream = RandomStream(dice);
            string whole = Run(stream, () => stream.Length, out byte[] replies);
            string bytewise = Run(stream, () => 1, out byte[] bytewiseReplies);
            string cut = Run(stream, () => 1 + dice.Below(1 + dice.Below(60)), out byte[] cutReplies);
            Assert.Equal((seed, whole), (seed, bytewise));
            Assert.Equal((seed, whole), (seed, cut));
            Assert.Equal(replies, bytewiseReplies);
            Assert.Equal(replies, cutReplies);
        }
    }

    [Fact]
    public void A_client_and_a_server_understand_each_other()
    {
        Dice dice = new(77);
        Peer<ClientRole> client = new(masks: new CountingKeys());
        Peer<ServerRole> server = new();
        List<string> toServer = [];
        List<string> toClient = [];
        for (int round = 0; round < 300; round++)
        {
            byte[] payload = dice.Bytes(dice.Below(round % 10 == 0 ? 20_000 : 140));
            client.Send(Opcode.Binary, payload);
            toServer.Add("binary " + Convert.ToHexString(payload));
            server.Send(Opcode.Text, Encoding.ASCII.GetBytes(Convert.ToHexString(payload)));
            toClient.Add("text " + Convert.ToHexString(payload));
            server.ReceiveCut(client.TakeOutput(), () => 1 + dice.Below(3000));
            client.ReceiveCut(server.TakeOutput(), () => 1 + dice.Below(3000));
        }
        client.Connection.WriteClose(client.Output, 4000, "done"u8, new CountingKeys());
        server.Receive(client.TakeOutput());
        client.Receive(server.TakeOutput());
        Assert.Equal([.. toServer, "close 4000 done"], server.Log);
        Assert.Equal([.. toClient, "close 4000 "], client.Log);
    }

    // Mostly right, sometimes wrong: each seed is a conversation that ends where it ends.
    private static byte[] RandomStream(Dice dice)
    {
        List<byte> stream = [];
        bool open = false;
        for (int frames = dice.Below(12); frames >= 0; frames--)
        {
            bool final = dice.Below(3) != 0;
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€😀", dice.Below(8))));
            text = dice.Below(4) == 0 ? text[dice.Below(text.Length + 1)..] : text;
            byte[] frame = dice.Below(8) switch
            {
                0 => Hex.Frame(Opcode.Ping, true, dice.Bytes(dice.Below(126)), (uint)dice.Next()),
                1 => Hex.Frame(Opcode.Pong, true, dice.Bytes(dice.Below(20)), (uint)dice.Next()),
                2 when dice.Below(4) == 0 => Hex.Frame(Opcode.Close, true, dice.Bytes(dice.Below(4)), (uint)dice.Next()),
                3 when dice.Below(6) == 0 => dice.Bytes(1 + dice.Below(8)),
                _ => Hex.Frame(open ? Opcode.Continuation : (Opcode)(1 + dice.Below(2)), final, text, (uint)dice.Next()),
            };
            open = frame[0] switch { 0x00 or 0x01 or 0x02 => true, 0x80 or 0x81 or 0x82 => false, _ => open };
            stream.AddRange(frame);
        }
        return [.. stream];
    }

    private static string Run(byte[] stream, Func<int> length, out byte[] replies)
    {
        Peer<ServerRole> peer = new(new() { MessageBytesMax = 300 });
        peer.ReceiveCut(stream, length);
        replies = peer.TakeOutput();
        return peer.Transcript;
    }
}
