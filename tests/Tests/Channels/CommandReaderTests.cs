using System.Text;
using Sluice.Channels.Wire;

namespace Sluice.Tests.Channels;

/// <summary>One command, two formats: both readers find the same in it.</summary>
public sealed class CommandReaderTests
{
    public static TheoryData<string, string> Commands { get; } = new()
    {
        { "{}", "" },
        { """{"id":1,"connect":{}}""", "08 01 22 {}" },
        { """{"id":4294967295,"connect":{"token":"t","data":{"a":1},"name":"js","version":"1","flag":3}}""", "08 ff ff ff ff 0f 22 {0a {'t'} 12 {'{\"a\":1}'} 22 {'js'} 2a {'1'} 38 03}" },
        { """{"connect":{"subs":{"c":{"recover":true,"epoch":"e","offset":2}},"headers":{"k":"v"}},"id":1}""", "22 {1a {0a {'c'} 12 {18 01 32 {'e'} 38 02}} 32 {0a {'k'} 12 {'v'}}} 08 01" },
        { """{"id":2,"subscribe":{"channel":"news","token":"t"}}""", "08 02 2a {0a {'news'} 12 {'t'}}" },
        { """{"id":2,"subscribe":{"channel":"c","recover":true,"epoch":"e","offset":18446744073709551615,"data":1}}""", "08 02 2a {0a {'c'} 18 01 32 {'e'} 38 ff ff ff ff ff ff ff ff ff 01 42 {'1'}}" },
        { """{"id":2,"subscribe":{"channel":"c","positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","flag":1}}""", "08 02 2a {0a {'c'} 48 01 50 01 58 01 62 {'fossil'} 70 01}" },
        { """{"id":2,"subscribe":{"channel":"c","tf":{"op":"and"},"type":1,"phase":2,"cursor":"x","limit":100,"asc":true}}""", "08 02 2a {0a {'c'} 6a {0a {'and'}} 78 01 80 01 02 8a 01 {'x'} 90 01 64 98 01 01}" },
        { """{"id":3,"unsubscribe":{"channel":"c"}}""", "08 03 32 {0a {'c'}}" },
        { """{"id":3,"publish":{"channel":"c","data":"é","type":1,"key":"k","removed":true}}""", "08 03 3a {0a {'c'} 12 {'\"é\"'} 18 01 22 {'k'} 28 01}" },
        { """{"id":3,"presence":{"channel":"c"}}""", "08 03 42 {0a {'c'}}" },
        { """{"id":3,"presence_stats":{"channel":"c"}}""", "08 03 4a {0a {'c'}}" },
        { """{"id":4,"history":{"channel":"c","limit":-1,"since":{"offset":5,"epoch":"e"},"reverse":true}}""", "08 04 52 {0a {'c'} 38 ff ff ff ff ff ff ff ff ff 01 42 {08 05 12 {'e'}} 48 01}" },
        { """{"id":4,"history":{"channel":"c","since":{}}}""", "08 04 52 {0a {'c'} 42 {}}" },
        { """{"id":5,"ping":{}}""", "08 05 5a {}" },
        { """{"send":{"data":[]}}""", "62 {0a {'[]'}}" },
        { """{"id":6,"rpc":{"data":{},"method":"m"}}""", "08 06 6a {0a {'{}'} 12 {'m'}}" },
        { """{"id":7,"refresh":{"token":"t"}}""", "08 07 72 {0a {'t'}}" },
        { """{"id":7,"sub_refresh":{"channel":"c","token":"t","type":2,"untrack":["k"]}}""", "08 07 7a {0a {'c'} 12 {'t'} 18 02 2a {'k'}}" },
        { """{"id":7,"unknown":{"a":1},"refresh":{"unknown":2}}""", "08 07 fa 7f {08 01} 72 {a0 06 02 a9 06 01 02 03 04 05 06 07 08 b5 06 01 02 03 04}" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void Both_readers_read_equal_commands(string json, string protobuf) =>
        Assert.Equal(Told(new JsonCommands().Read(Encoding.UTF8.GetBytes(json))), Told(new ProtobufCommands().Read(Proto.Bytes(protobuf))));

    [Theory]
    [MemberData(nameof(Commands))]
    public void Cut_anywhere_a_delimited_command_is_not_whole(string json, string protobuf)
    {
        Assert.NotEmpty(json);
        byte[] message = Proto.Bytes("{" + protobuf + "}");
        ProtobufCommands reader = new();
        ReadOnlySpan<byte> rest = message;
        Assert.True(reader.TryTake(ref rest, out ReadOnlySpan<byte> command, out bool isLast));
        Assert.True(isLast);
        Assert.Equal(Proto.Bytes(protobuf), command.ToArray());
        for (int length = 0; length < message.Length; length++)
        {
            rest = message.AsSpan(0, length);
            Assert.False(reader.TryTake(ref rest, out _, out _));
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void One_after_the_other_they_are_told_apart_in_either_format(string json, string protobuf)
    {
        foreach ((string first, string second) in Commands.Select(row => row.Data))
        {
            Assert.Equal(
                AllOf(new JsonCommands(), Encoding.UTF8.GetBytes($"{json}\n{first}\n")),
                AllOf(new ProtobufCommands(), Proto.Bytes("{" + protobuf + "}{" + second + "}")));
        }
    }

    [Theory]
    [InlineData("08")]
    [InlineData("08 80")]
    [InlineData("08 80 80 80 80 80 80 80 80 80 02")]
    [InlineData("08 80 80 80 80 80 80 80 80 80 80 00")]
    [InlineData("0a {}")]
    [InlineData("00 01")]
    [InlineData("20 01")]
    [InlineData("2a {0a 02 'c'}")]
    [InlineData("2a {08 01}")]
    [InlineData("2a {3a {}}")]
    [InlineData("2a {0a {c0 80}}")]
    [InlineData("2a {32 {ed a0 80}}")]
    [InlineData("52 {40 01}")]
    [InlineData("52 {42 {08}}")]
    [InlineData("2a {} 2a {}")]
    [InlineData("2a {} 32 {}")]
    [InlineData("fb 7f fc 7f")]
    [InlineData("fe 7f 00")]
    [InlineData("80 80 80 80 10 00")]
    public void What_is_malformed_is_told(string protobuf) => Assert.False(new ProtobufCommands().Read(Proto.Bytes(protobuf)).IsWellFormed);

    [Theory]
    [InlineData("08 01 08 02", 2)]
    [InlineData("08 ff ff ff ff 1f", uint.MaxValue)]
    [InlineData("08 81 80 80 80 80 80 80 80 80 01", 1)]
    [InlineData("08 80 00", 0)]
    public void The_last_number_counts_and_one_too_large_loses_its_upper_bits(string protobuf, uint id)
    {
        ClientCommand command = new ProtobufCommands().Read(Proto.Bytes(protobuf));
        Assert.True(command.IsWellFormed);
        Assert.Equal(id, command.Id);
    }

    private static List<string> AllOf(ICommandReader reader, ReadOnlySpan<byte> message)
    {
        List<string> told = [];
        ReadOnlySpan<byte> rest = reader.CommandsOf(message);
        for (bool isLast = false; !isLast;)
        {
            Assert.True(reader.TryTake(ref rest, out ReadOnlySpan<byte> command, out isLast));
            told.Add(Told(reader.Read(command)));
        }
        return told;
    }

    private static string Told(in ClientCommand command) => string.Join(" | ",
        command.IsWellFormed, command.Id, command.Method, Text(command.Channel), Text(command.Token), Text(command.Data), Text(command.Delta),
        Text(command.Epoch), command.Offset, command.Recover, command.HasSince, command.HasFilter, command.Reverse, command.Flag, command.Limit, command.Type);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
