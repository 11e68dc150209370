using Sluice.Live.Kestrel;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 3, 20 and 49: how long a handshake may take, and how many there may be.</summary>
public sealed class AllowanceTests
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)] // by Kestrel's RequestHeadersTimeout
    public async Task Hardening03_A_head_has_one_deadline_however_many_bytes_come_before_it(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { HandshakeTimeoutMs = 300 });
        using Peer peer = server.Connect();
        peer.Send($"{Line}\r\nX: ");
        Task<(int Status, string, string)> answer = Task.Run(() => peer.ReadAnswer());
        while (!answer.IsCompleted)
        {
            peer.Send("x");
            await Task.WhenAny(answer, Task.Delay(10, TestContext.Current.CancellationToken));
        }
        Assert.Equal(408, (await answer).Status);
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening03_Who_says_nothing_is_let_go()
    {
        await using Server server = await Server.StartAsync(Carriage.Reactor, new() { HandshakeTimeoutMs = 50 });
        using Peer peer = server.Connect();
        peer.ExpectEnd();
        await server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening03_One_address_has_so_many_handshakes_at_a_time()
    {
        await using Server server = await Server.StartAsync(Carriage.Reactor, new() { HandshakesPerAddressMax = 1 });
        using Peer first = server.Connect();
        first.Send(Line);
        using (Peer second = server.Connect())
        {
            second.Send(Noise);
            Assert.Equal(429, second.ReadAnswer().Status);
            second.ExpectEnd();
        }
        first.Send("\r\n" + Good + "\r\n");
        Assert.Equal(101, first.ReadAnswer().Status);
        using Peer third = server.Open();
        third.ExpectGoodbye();
        first.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening49_One_address_has_so_many_connections()
    {
        await using Server server = await Server.StartAsync(Carriage.Reactor, new() { ConnectionsPerAddressMax = 2 });
        using Peer first = server.Open();
        using Peer second = server.Open();
        server.ExpectAnswer("a third", Request(), 429);
        first.ExpectGoodbye();
        await server.UntilAsync(static loop => loop.ConnectionCount == 1);
        server.Open().ExpectGoodbye();
        second.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening20_One_address_begins_so_many_handshakes()
    {
        await using Server server = await Server.StartAsync(Carriage.Reactor, new() { HandshakesPerSecondPerAddress = 1, HandshakesBurstPerAddress = 2 });
        server.Open().ExpectGoodbye();
        server.Open().ExpectGoodbye();
        using Peer third = server.Connect();
        third.Send([.. Bytes(Request()), .. Noise]);
        (int status, string head, _) = third.ReadAnswer();
        Assert.Equal(429, status);
        Assert.Contains("\r\nRetry-After: ", head, StringComparison.Ordinal);
        third.ExpectEnd();
        third.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening49_A_loop_has_so_many_connections_and_one_more_is_told(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { ConnectionsMax = 1 });
        using Peer first = server.Open();
        server.ExpectAnswer("a second", Request(), 503);
        first.ExpectEcho();
        first.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
        server.Open().ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }
}
