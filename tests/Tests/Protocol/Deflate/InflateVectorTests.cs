using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Streams that a peer may send, byte for byte.</summary>
public class InflateVectorTests
{
    [Theory]
    [InlineData("f2 48 cd c9 c9 07 00", "RFC 7692, 7.2.3.1: one fixed block")]
    [InlineData("00 05 00 fa ff 48 65 6c 6c 6f 00", "RFC 7692, 7.2.3.3: a stored block")]
    [InlineData("f3 48 cd c9 c9 07 00 00", "RFC 7692, 7.2.3.4: a last block, and a stored one behind it")]
    [InlineData("f3 48 cd c9 c9 07 00", "a last block and nothing behind it")]
    [InlineData("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "RFC 7692, 7.2.3.5: two blocks, an empty one between them")]
    [InlineData("f2 48 cd c9 c9 07 e0", "padding is not looked at")]
    [InlineData("01 05 00 fa ff 48 65 6c 6c 6f", "a last stored block")]
    [InlineData("01 02 00 fd ff 48 65 01 03 00 fc ff 6c 6c 6f 00", "two streams in one message")]
    public void Hello_in_every_spelling(string message, string why)
    {
        Assert.Equal(InflateStatus.Done, Inflation.Of(Hex.Bytes(message), out byte[] plain));
        Assert.True(Encoding.ASCII.GetString(plain) == "Hello", why);
    }

    [Fact]
    public void A_second_message_may_look_back_at_the_first_one_where_that_was_agreed()
    {
        byte[] second = Hex.Bytes("f2 00 11 00 00"); // RFC 7692, 7.2.3.2
        Inflation inflation = new();
        Assert.Equal(InflateStatus.Done, inflation.Message(Hex.Bytes("f2 48 cd c9 c9 07 00")));
        Assert.Equal(InflateStatus.Done, inflation.Message(second, keepWindow: true));
        Assert.Equal("Hello"u8, inflation.Plain);
        Assert.Equal(InflateStatus.Broken, inflation.Message(second, keepWindow: false));
    }

    [Fact]
    public void Hardening38_a_message_may_look_back_behind_a_last_block()
    {
        Inflation inflation = new();
        inflation.Message(Hex.Bytes("f3 48 cd c9 c9 07 00 00"));
        Assert.Equal(InflateStatus.Done, inflation.Message(Hex.Bytes("f2 00 11 00 00"), keepWindow: true));
        Assert.Equal("Hello"u8, inflation.Plain);
        Assert.Equal(InflateStatus.Done, Inflation.Of([.. Hex.Bytes("f3 48 cd c9 c9 07 00"), .. Hex.Bytes("f2 00 11 00 00")], out byte[] plain));
        Assert.Equal("HelloHello"u8, plain);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("01")]
    [InlineData("03 00")] // a last fixed block of nothing
    [InlineData("02 00")] // a fixed block of nothing, and the stored one
    [InlineData("00 00 00 ff ff 00")]
    public void Hardening40_a_message_of_nothing(string message)
    {
        Assert.Equal(InflateStatus.Done, Inflation.Of(Hex.Bytes(message), out byte[] plain));
        Assert.Empty(plain);
    }

    [Theory]
    [InlineData("02 03 80")]
    [InlineData("c2 02 03 80")]
    [InlineData("03")]
    [InlineData("06")]
    [InlineData("ff ff ff ff")]
    public void Hardening37_nothing_makes_it_spin(string message) =>
        Assert.Equal(InflateStatus.Broken, Inflation.Of(Hex.Bytes(message), out _));

    [Theory]
    [InlineData("00 05 00 fb ff 48 65 6c 6c 6f 00", "a stored length and its complement that do not agree")]
    [InlineData("06 00", "the block type that means nothing")]
    [InlineData("f2 48 cd c9 c9 07", "the end of a block, but no stored one behind it")]
    [InlineData("f2 48 cd c9 c9 07 00 00 00", "a stored length cut in two")]
    [InlineData("f2 48 cd c9 c9 07 00 00 00 ff ff", "the four bytes themselves, and nothing behind them")]
    [InlineData("f2 00 11 00 00", "a distance where there is nothing to look back at")]
    [InlineData("1b 03 00", "a length symbol that means nothing")]
    [InlineData("02 f0 01 00 00", "distance symbol 30 of the fixed code")]
    public void Streams_that_are_none(string message, string why) =>
        Assert.True(Inflation.Of(Hex.Bytes(message), out _) == InflateStatus.Broken, why);
}
