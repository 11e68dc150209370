using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class Utf8Tests
{
    [Fact]
    public void Binary_is_not_text()
    {
        Peer<ServerRole> peer = new();
        peer.Receive(Hex.Bytes("82 82 00000000 FFC0"));
        Assert.Equal("binary FFC0", peer.Transcript);
    }

    [Fact]
    public void A_long_text_passes_at_every_cut()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€😀", 20)));
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Utf8Validator validator = default;
            Assert.True(validator.Accept(bytes.AsSpan(0, cut)) && validator.Accept(bytes.AsSpan(cut)) && validator.Complete);
        }
    }
}
