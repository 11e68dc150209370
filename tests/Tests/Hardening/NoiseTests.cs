using System.Text;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Line 51: nothing that a peer sends throws.</summary>
public class NoiseTests
{
    private const string Small = "GET /a?b HTTP/1.1\r\nHost: h\r\nX:y\r\nEmpty:\r\nTab:\t v \t\r\n\r\n";

    [Fact]
    public void Hardening51_Noise_in_a_head_throws_nothing()
    {
        byte[] likely = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n::a ");
        for (ulong seed = 1; seed <= 20_000; seed++)
        {
            Dice dice = new(seed);
            byte[] bytes = Encoding.ASCII.GetBytes(Small);
            for (int changes = dice.Below(4); changes >= 0; changes--)
            {
                bytes[dice.Below(bytes.Length)] = likely[dice.Below(likely.Length)];
            }
            HttpHead head = default;
            HeadStatus bytewise = HeadStatus.NeedMore;
            for (int i = 1; i <= bytes.Length; i++)
            {
                bytewise = head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default);
            }
            HttpHead whole = default;
            Assert.Equal(bytewise, whole.Parse(bytes, HttpHeadLimits.Default));
            Assert.Equal(head.RefusalStatus, whole.RefusalStatus);
            Assert.True(bytewise != HeadStatus.Complete || head.Length == whole.Length);
        }
    }

    [Fact]
    public void Hardening51_Noise_in_place_of_frames_throws_nothing()
    {
        for (ulong seed = 1; seed <= 20_000; seed++)
        {
            Dice dice = new(seed);
            Peer<ServerRole> peer = new(new() { MessageBytesMax = 200 });
            peer.ReceiveCut(dice.Bytes(dice.Below(60)), () => 1 + dice.Below(20));
            Assert.Equal(peer.Connection.CloseReceived, peer.Connection.CloseSent);
        }
    }
}
