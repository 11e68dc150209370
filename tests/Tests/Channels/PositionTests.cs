using System.Text;
using Sluice.Channels;

namespace Sluice.Tests.Channels;

public sealed class PositionTests
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(0x0123456789ABCDEFUL)]
    [InlineData(ulong.MaxValue >> 1)]
    public void An_epoch_reads_back_what_it_wrote(ulong value) =>
        Assert.Equal(new Epoch(value), Epoch.Parse(Encoding.ASCII.GetBytes(new Epoch(value).ToString())));

    [Fact]
    public void No_epoch_is_not_given() => Assert.False(Epoch.Parse(default).IsGiven);

    [Theory]
    [InlineData("_")] // what an SDK sets so that recovery cannot succeed
    [InlineData("0000000000000000")]
    [InlineData("123")]
    [InlineData("zzzzzzzzzzzzzzzz")]
    [InlineData("0123456789abcdef0")]
    public void Any_other_text_is_an_epoch_that_no_log_has(string text) =>
        Assert.Equal(new Epoch(ulong.MaxValue), Epoch.Parse(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("chat:general", 0u)]
    [InlineData("chat", 102u)]
    [InlineData("nowhere:x", 102u)]
    [InlineData("chat:a b", 107u)]
    [InlineData("chat:\u00e9", 107u)]
    public void A_channel_name_is_judged(string name, uint code)
    {
        ChannelNamespaces namespaces = new() { Options = new Dictionary<string, ChannelOptions> { ["chat"] = new() } };
        Assert.Equal(code, namespaces.Find(name, out _).Code);
        Assert.Equal(107u, namespaces.Find("chat:" + new string('x', 251), out _).Code);
    }
}
