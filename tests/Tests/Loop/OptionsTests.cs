using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Tests.Loop;

/// <summary>Options with which nothing could run are refused, by name and value, where they are given.</summary>
public sealed class OptionsTests
{
    // One of each: name, least value, and options that are as told.
    private static readonly (string Name, int Least, Func<int, EventLoopOptions> Make)[] s_limits =
    [
        ("ConnectionsMax", 1, static value => new() { ConnectionsMax = value }),
        ("RefusalsMax", 0, static value => new() { RefusalsMax = value }),
        ("ConnectionsPerAddressMax", 0, static value => new() { ConnectionsPerAddressMax = value }),
        ("HandshakesPerAddressMax", 0, static value => new() { HandshakesPerAddressMax = value }),
        ("HandshakesPerSecondPerAddress", 0, static value => new() { HandshakesPerSecondPerAddress = value }),
        ("HandshakesBurstPerAddress", 1, static value => new() { HandshakesBurstPerAddress = value }),
        ("HandshakeTimeoutMs", 1, static value => new() { HandshakeTimeoutMs = value }),
        ("PingAfterMs", 0, static value => new() { PingAfterMs = value }),
        ("PongTimeoutMs", 1, static value => new() { PongTimeoutMs = value }),
        ("IdleTimeoutMs", 0, static value => new() { IdleTimeoutMs = value }),
        ("ProgressTimeoutMs", 0, static value => new() { ProgressTimeoutMs = value }),
        ("ProgressBytesMin", 1, static value => new() { ProgressBytesMin = value }),
        ("StallTimeoutMs", 1, static value => new() { StallTimeoutMs = value }),
        ("CloseTimeoutMs", 1, static value => new() { CloseTimeoutMs = value }),
        ("CloseDurationMsMax", 1, static value => new() { CloseDurationMsMax = value }),
        ("LingerTimeoutMs", 1, static value => new() { LingerTimeoutMs = value }),
        ("ControlFramesPerSecond", 0, static value => new() { ControlFramesPerSecond = value }),
        ("ControlFramesBurst", 1, static value => new() { ControlFramesBurst = value }),
        ("UnsentBytesMax", 1, static value => new() { UnsentBytesMax = value }),
        ("UnsentBytesHigh", 1, static value => new() { UnsentBytesHigh = value }),
        ("MemoryBytesMax", 0, static value => new() { MemoryBytesMax = value }),
        ("TurnQuantum", 1, static value => new() { TurnQuantum = value }),
        ("EventQuantum", 1, static value => new() { EventQuantum = value }),
        ("RunQuantum", 1, static value => new() { RunQuantum = value }),
        ("AcceptPauseMs", 1, static value => new() { AcceptPauseMs = value }),
        ("ShutdownSpreadMs", 0, static value => new() { ShutdownSpreadMs = value }),
        ("RetryAfterSeconds", 0, static value => new() { RetryAfterSeconds = value }),
    ];

    [Fact]
    public void A_loop_takes_no_limit_below_its_least_and_names_it()
    {
        foreach ((string name, int least, Func<int, EventLoopOptions> make) in s_limits)
        {
            LoopRig rig = new(make(least));
            Assert.Equal(0, rig.Loop.ConnectionCount);
            ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => new LoopRig(make(least - 1)));
            Assert.Equal((name, (long)least - 1), (error.ParamName, Convert.ToInt64(error.ActualValue, null)));
        }
    }

    [Fact]
    public void Every_number_among_the_options_of_a_loop_is_checked()
    {
        IEnumerable<string> numbers = typeof(EventLoopOptions).GetProperties()
            .Where(static property => property.PropertyType == typeof(int) || property.PropertyType == typeof(long))
            .Select(static property => property.Name);
        Assert.Equal(numbers.Order(StringComparer.Ordinal), s_limits.Select(static limit => limit.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Limits_of_messages_are_checked_where_they_are_set()
    {
        Assert.Equal("MessageBytesMax", Refused(static () => new WebSocketLimits { MessageBytesMax = -1 }));
        Assert.Equal("FragmentsMax", Refused(static () => new WebSocketLimits { FragmentsMax = 0 }));
        Assert.Equal("MessageBytesMin", Refused(static () => new DeflateOptions { MessageBytesMin = -1 }));
        Assert.Equal("MessageBytesMax", Refused(static () => new DeflateOptions { MessageBytesMax = -1 }));
        Assert.Equal("SendWindowBitsMax", Refused(static () => new DeflateOptions { SendWindowBitsMax = 7 }));
        Assert.Equal("ReceiveWindowBitsMax", Refused(static () => new DeflateOffer { ReceiveWindowBitsMax = 16 }));
        Assert.Equal(65_537, (WebSocketLimits.Default with { MessageBytesMax = 4 << 20 }).FragmentsMax);
    }

    private static string? Refused(Func<object> make) => Assert.Throws<ArgumentOutOfRangeException>(make).ParamName;
}
