using System.Buffers;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 28 to 30 and 32: what costs too much.</summary>
public class LimitTests
{
    private static readonly WebSocketLimits s_limits = new() { MessageBytesMax = 1000 };

    [Fact]
    public void Hardening28_A_declared_length_above_the_limit_is_1009_before_any_of_it_arrives()
    {
        Assert.Equal("violation 1009", Read(s_limits, Hex.Bytes("82 FE 03E9 00000000")));
        Assert.Equal("", Read(s_limits, Hex.Bytes("82 FE 03E8 00000000")));
        Assert.Equal("violation 1009", Read(new() { MessageBytesMax = 5 }, Hex.Bytes("82 86 00000000")));
        Assert.Equal("violation 1009", Read(new() { MessageBytesMax = 5 }, Hex.Bytes("82 86 00000000 010203040506")));
        Assert.Equal("binary 0102030405", Read(new() { MessageBytesMax = 5 }, Hex.Bytes("82 85 00000000 0102030405")));
    }

    [Fact]
    public void Hardening28_The_sum_of_fragments_above_the_limit_is_1009()
    {
        byte[] half = Hex.Frame(Opcode.Binary, false, new byte[500]);
        Assert.Equal("violation 1009", Read(s_limits, [.. half, .. Hex.Frame(Opcode.Continuation, true, new byte[501])]));
        Assert.StartsWith("binary 00", Read(s_limits, [.. half, .. Hex.Frame(Opcode.Continuation, true, new byte[500])]), StringComparison.Ordinal);
    }

    [Fact]
    public void Hardening28_Each_message_has_the_whole_limit()
    {
        byte[] message = [.. Hex.Frame(Opcode.Binary, false, new byte[600]), .. Hex.Frame(Opcode.Continuation, true, new byte[400])];
        string one = "binary " + new string('0', 2000);
        Assert.Equal($"{one} | {one} | {one}", Read(s_limits, [.. message, .. message, .. message]));
    }

    [Fact]
    public void Hardening29_What_is_only_declared_costs_nothing()
    {
        WebSocketLimits limits = new() { MessageBytesMax = long.MaxValue };
        ArrayBufferWriter<byte> replies = new();
        byte[] header = Hex.Bytes("82 FF 7FFFFFFFFFFFFFFF 00000000");
        int events = 0;
        bool open = false;
        for (int run = 0; run < 2; run++)
        {
            WebSocketConnection<ServerRole> connection = default;
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (WebSocketEvent e in connection.Receive(header, replies, limits))
            {
                events++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(run == 0 || allocated == 0, "the first run jits");
            open = connection.InMessage;
        }
        Assert.Equal((0, true), (events, open));
    }

    [Fact]
    public void Hardening30_4_MiB_in_65536_fragments_pass_where_4_MiB_are_allowed()
    {
        Peer<ServerRole> peer = new(new() { MessageBytesMax = 4 * 1024 * 1024 });
        byte[] fragment = Hex.Frame(Opcode.Continuation, false, new byte[64]);
        peer.Receive(Hex.Frame(Opcode.Binary, false, new byte[64]));
        byte[] many = [.. Enumerable.Repeat(fragment, 1024).SelectMany(f => f)];
        for (int i = 0; i < 63; i++)
        {
            peer.Receive(many);
        }
        peer.Receive(many.AsSpan(fragment.Length));
        Assert.Empty(peer.Log);
        peer.Receive(Hex.Frame(Opcode.Continuation, true, []));
        Assert.Equal("binary ".Length + (2 * 4 * 1024 * 1024), peer.Log[0].Length);
    }

    [Fact]
    public void Hardening30_More_fragments_than_one_per_64_bytes_of_the_limit_are_1009()
    {
        WebSocketLimits limits = new() { MessageBytesMax = 64 * 100 };
        Assert.Equal(101, limits.FragmentsMax);
        Assert.Equal("", Read(limits, Fragments(101, 1)));
        Assert.Equal("violation 1009", Read(limits, Fragments(102, 1)));
        Assert.Equal("violation 1009", Read(limits with { FragmentsMax = 2 }, Fragments(3, 1)));
    }

    [Fact]
    public void Hardening30_A_small_limit_still_allows_some_fragments()
    {
        Assert.Equal("", Read(new() { MessageBytesMax = 65 }, Fragments(65, 1)));
    }

    [Fact]
    public void Hardening30_Empty_fragments_are_bounded_by_1008()
    {
        Assert.Equal("", Read(WebSocketLimits.Default, Fragments(16, 0)));
        Assert.Equal("violation 1008", Read(WebSocketLimits.Default, Fragments(17, 0)));
        Assert.Equal("violation 1008", Read(new() { EmptyFragmentsMax = 0 }, Fragments(1, 0)));
    }

    [Fact]
    public void Hardening30_A_fragment_that_is_not_empty_does_not_make_up_for_those_that_are()
    {
        byte[] input = [.. Fragments(16, 0), .. Hex.Frame(Opcode.Continuation, false, [1]), .. Hex.Frame(Opcode.Continuation, false, [])];
        Assert.Equal("violation 1008", Read(WebSocketLimits.Default, input));
    }

    [Fact]
    public void Hardening30_Each_message_has_its_own_count_of_fragments()
    {
        byte[] end = Hex.Frame(Opcode.Continuation, true, []);
        byte[] message = [.. Fragments(16, 0), .. end];
        Assert.Equal("binary  | binary ", Read(WebSocketLimits.Default, [.. message, .. message]));
        WebSocketLimits two = new() { FragmentsMax = 2 };
        message = [.. Fragments(1, 1), .. end];
        Assert.Equal("binary 00 | binary 00", Read(two, [.. message, .. message]));
    }

    [Fact]
    public void Hardening32_Ten_pings_in_one_read_get_ten_pongs()
    {
        byte[] pings = [.. Enumerable.Range(0, 10).SelectMany(i => Hex.Frame(Opcode.Ping, true, [(byte)i]))];
        byte[] pongs = [.. Enumerable.Range(0, 10).SelectMany(i => new byte[] { 0x8A, 1, (byte)i })];
        Assert.Equal(Convert.ToHexString(pongs), Frames.AtServer(pings, null, default).Replies);
    }

    private static byte[] Fragments(int count, int length) =>
        [.. Enumerable.Range(0, count).SelectMany(i => Hex.Frame(i == 0 ? Opcode.Binary : Opcode.Continuation, false, new byte[length]))];

    private static string Read(WebSocketLimits limits, byte[] input) => Frames.AtServer(input, limits);
}
