using Sluice.Protocol;

namespace Sluice.Tests.Channels;

/// <summary>Every message of the native wire in Protobuf, as bytes both ways. The field numbers are the schema's.</summary>
public sealed class ProtobufSessionTests
{
    // What the scripted system's randomness makes of a client's id and of a channel's epoch.
    private const string Client = "'07070707-0707-4707-8707-070707070707'";
    private const string Epoch = "'0383838383838383'";
    private const string Info = "{12 {" + Client + "}}";

    [Fact]
    public void Connect_tells_the_client_the_version_and_the_pings()
    {
        HubRig rig = new();
        int client = rig.Open(protobuf: true);
        AssertAnswer(rig, client, "{08 01 22 {0a {} 22 {'name'} 2a {'1'}}}", "{08 01 2a {0a {" + Client + "} 12 {'v'} 38 19 40 01}}");
    }

    [Fact]
    public void Subscribe_tells_the_position_and_then_who_joined()
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        AssertAnswer(rig, client, "{08 02 2a {0a {'r:a'} 70 01}}",
            "{08 02 32 {18 01 32 {" + Epoch + "} 50 01}}", "{22 {12 {'r:a'} 2a {0a " + Info + "}}}");
    }

    [Fact]
    public void A_publication_arrives_with_its_data_publisher_and_offset()
    {
        HubRig rig = new();
        int client = Subscribed(rig, "n:a");
        AssertAnswer(rig, client, "{08 03 3a {0a {'n:a'} 12 {'[1]'}}}",
            "{08 03 42 {}}", "{22 {12 {'n:a'} 22 {22 {'[1]'} 2a " + Info + " 30 01}}}");
    }

    [Fact]
    public void Tags_are_a_map()
    {
        HubRig rig = new();
        int client = Subscribed(rig, "n:a");
        rig.Publish("n:a", "2", """{"k":"v","l":"\u00e9"}""");
        AssertSent(rig, client, "{22 {12 {'n:a'} 22 {22 {'2'} 30 01 3a {0a {'k'} 12 {'v'}} 3a {0a {'l'} 12 {'é'}}}}}");
    }

    [Fact]
    public void History_since_a_position_and_in_reverse()
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        rig.Publish("n:a", "1");
        rig.Publish("n:a", "2");
        rig.Publish("n:a", "3");
        AssertAnswer(rig, client, "{08 02 52 {0a {'n:a'} 38 0a 42 {08 01 12 {" + Epoch + "}}}}",
            "{08 02 5a {0a {22 {'2'} 30 02} 0a {22 {'3'} 30 03} 12 {" + Epoch + "} 18 03}}");
        AssertAnswer(rig, client, "{08 03 52 {0a {'n:a'} 38 ff ff ff ff ff ff ff ff ff 01 48 01}}",
            "{08 03 5a {0a {22 {'3'} 30 03} 0a {22 {'2'} 30 02} 0a {22 {'1'} 30 01} 12 {" + Epoch + "} 18 03}}");
        AssertAnswer(rig, client, "{08 04 52 {0a {'n:none'}}}", "{08 04 5a {}}");
    }

    [Fact]
    public void Presence_is_a_map_and_its_statistics_are_numbers()
    {
        HubRig rig = new();
        int client = rig.Open(protobuf: true);
        AssertAnswer(rig, client, "{08 01 22 {12 {'{\"a\": 1}'}}}", "{08 01 2a {0a {" + Client + "} 12 {'v'} 38 19 40 01}}");
        rig.Send(client, Opcode.Binary, Proto.Bytes("{08 02 2a {0a {'r:a'}}}"));
        rig.Frames(client);
        AssertAnswer(rig, client, "{08 03 42 {0a {'r:a'}}}",
            "{08 03 4a {0a {0a {" + Client + "} 12 {12 {" + Client + "} 1a {'{\"a\": 1}'}}}}}");
        AssertAnswer(rig, client, "{08 04 4a {0a {'r:a'}}}", "{08 04 52 {08 01 10 01}}");
        AssertAnswer(rig, client, "{08 05 4a {0a {'r:empty'}}}", "{08 05 52 {}}");
    }

    [Fact]
    public void Unsubscribe_is_answered_and_told_as_a_leave()
    {
        HubRig rig = new();
        int client = Subscribed(rig, "r:a");
        AssertAnswer(rig, client, "{08 03 32 {0a {'r:a'}}}", "{08 03 3a {}}");
        int later = Subscribed(rig, "r:a");
        rig.End(client);
        AssertSent(rig, later);
        rig.Send(later, Opcode.Binary, Proto.Bytes("{08 03 32 {0a {'r:a'}}}"));
        AssertSent(rig, later, "{08 03 3a {}}");
    }

    [Fact]
    public void Joins_and_leaves_are_pushed()
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        rig.ChangePresence("r:a", joined: true);
        rig.Send(client, Opcode.Binary, Proto.Bytes("{08 02 2a {0a {'r:a'}}}"));
        rig.Frames(client);
        rig.ChangePresence("r:a", joined: false);
        AssertSent(rig, client, "{22 {12 {'r:a'} 32 {0a {0a {'ann'} 12 {'00000000-0000-0000-0000-000000000001'} 1a {'1'}}}}}");
        rig.ChangePresence("r:a", joined: true);
        AssertSent(rig, client, "{22 {12 {'r:a'} 2a {0a {0a {'ann'} 12 {'00000000-0000-0000-0000-000000000001'} 1a {'1'}}}}}");
    }

    [Fact]
    public void What_was_missed_is_recovered_in_the_reply()
    {
        HubRig rig = new();
        rig.Publish("n:a", "1");
        rig.Publish("n:a", "2");
        int client = rig.Connected(protobuf: true);
        AssertAnswer(rig, client, "{08 02 2a {0a {'n:a'} 18 01 32 {" + Epoch + "} 38 01}}",
            "{08 02 32 {18 01 32 {" + Epoch + "} 50 01 48 01 60 01 40 01 3a {22 {'2'} 30 02}}}");
        AssertAnswer(rig, client, "{08 03 2a {0a {'n:b'} 18 01 32 {'other'} 38 01 70 02}}",
            "{08 03 12 {08 70 12 {'unrecoverable position'}}}");
    }

    [Fact]
    public void A_reader_that_fell_behind_what_is_kept_is_told()
    {
        HubRig rig = new();
        int client = Subscribed(rig, "n:a");
        rig.System.Limit(client, 0);
        for (int number = 0; number < 200; number++)
        {
            rig.Publish("n:a", $"\"{new string('x', 2_000)}\"");
        }
        rig.System.Unblock(client);
        rig.Settle();
        string pushes = string.Concat(rig.Frames(client));
        Assert.EndsWith(Convert.ToHexStringLower(Proto.Bytes("{22 {12 {'n:a'} 3a {10 c4 13 1a {'insufficient state'}}}}")), pushes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{08 02 2a {0a {'x:a'}}}", "{08 02 12 {08 66 12 {'unknown channel'}}}")]
    [InlineData("{08 02 2a {0a {'n:a'} 12 {'token'}}}", "{08 02 12 {08 67 12 {'permission denied'}}}")]
    [InlineData("{08 02 2a {0a {'n:a'} 6a {}}}", "{08 02 12 {08 6b 12 {'bad request'}}}")]
    [InlineData("{08 02 3a {0a {'n:a'} 12 {'no JSON'}}}", "{08 02 12 {08 6b 12 {'bad request'}}}")]
    [InlineData("{08 02 3a {0a {'n:a'} 12 {22 ff 22}}}", "{08 02 12 {08 6b 12 {'bad request'}}}")]
    [InlineData("{08 02 3a {0a {'n:a'}}}", "{08 02 12 {08 6b 12 {'bad request'}}}")]
    [InlineData("{08 02 6a {0a {'{}'} 12 {'m'}}}", "{08 02 12 {08 6c 12 {'not available'}}}")]
    public void A_command_that_is_refused_is_answered_with_an_error(string command, string error)
    {
        HubRig rig = new();
        AssertAnswer(rig, rig.Connected(protobuf: true), command, error);
    }

    [Theory]
    [InlineData("08")]
    [InlineData("{08 02 2a {0a {'n:a'}}} 05 08")]
    [InlineData("{08 02 2a {0a {ff}}}")]
    [InlineData("{08 02 2b}")]
    [InlineData("{08 02 2a {08 01}}")]
    [InlineData("{08 02 2a {0a {'n:a'}} 2a {0a {'n:a'}}}")]
    [InlineData("{08 ff ff ff ff ff ff ff ff ff 02}")]
    [InlineData("{00 00}")]
    [InlineData("{08 02 5a {}}")]
    [InlineData("{08 02}")]
    [InlineData("ff ff ff ff ff ff ff ff ff 01 00")]
    [InlineData("00")]
    public void What_is_malformed_or_means_nothing_closes_with_3501(string message)
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        rig.Send(client, Opcode.Binary, Proto.Bytes(message));
        Assert.Equal("close 3501 bad request", rig.Frames(client)[^1]);
    }

    [Fact]
    public void A_ping_is_one_empty_message_and_so_is_its_pong()
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        for (int round = 0; round < 3; round++)
        {
            rig.Wait(26_000);
            Assert.Equal(["00"], rig.Frames(client));
            rig.Send(client, Opcode.Binary, [0]);
        }
        Assert.Empty(rig.Frames(client));
    }

    [Theory]
    [InlineData(true, Opcode.Text, "{}")]
    [InlineData(true, Opcode.Binary, "")]
    [InlineData(false, Opcode.Binary, "00")]
    public void A_message_of_the_other_kind_or_an_empty_one_closes_with_3501(bool protobuf, Opcode opcode, string message)
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf);
        rig.Send(client, opcode, opcode == Opcode.Text ? "{}"u8 : Proto.Bytes(message));
        Assert.Equal(["close 3501 bad request"], rig.Frames(client));
    }

    [Theory]
    [InlineData("?format=protobuf")]
    [InlineData("?a=b&cf_protocol=protobuf")]
    public void The_query_asks_for_Protobuf_too(string query)
    {
        HubRig rig = new();
        int client = rig.Open(protobuf: false, query);
        AssertAnswer(rig, client, "{08 01 22 {}}", "{08 01 2a {0a {" + Client + "} 12 {'v'} 38 19 40 01}}");
    }

    [Fact]
    public void Several_commands_in_one_message_are_answered_in_order_in_one()
    {
        HubRig rig = new();
        int client = rig.Open(protobuf: true);
        rig.Send(client, Opcode.Binary, Proto.Bytes("{08 01 22 {}} {08 02 32 {0a {'n:a'}}} {08 03 32 {0a {'n:b'}}}"));
        string expected = Convert.ToHexStringLower(Proto.Bytes(
            "{08 01 2a {0a {" + Client + "} 12 {'v'} 38 19 40 01}} {08 02 3a {}} {08 03 3a {}}"));
        Assert.Equal([expected], rig.Frames(client));
    }

    [Fact]
    public void Commands_behind_one_that_waits_are_executed_after_it()
    {
        HubRig rig = new();
        int client = rig.Connected(protobuf: true);
        // The channel is not there yet: its subscription waits for the owner, and what follows waits for it.
        rig.Send(client, Opcode.Binary, Proto.Bytes("{08 02 2a {0a {'n:a'}}} {08 03 32 {0a {'n:a'}}} {08 04 52 {0a {'n:a'}}}"));
        AssertSent(rig, client, "{08 02 32 {18 01 32 {" + Epoch + "} 50 01}}", "{08 03 3a {}}", "{08 04 5a {12 {" + Epoch + "}}}");
    }

    [Fact]
    public void Readers_of_both_formats_read_the_same_log()
    {
        HubRig rig = new();
        int binary = Subscribed(rig, "n:a");
        int text = rig.Connected(protobuf: false);
        rig.SendText(text, """{"id":2,"subscribe":{"channel":"n:a"}}""");
        rig.Frames(text);
        rig.Send(binary, Opcode.Binary, Proto.Bytes("{08 03 3a {0a {'n:a'} 12 {'[1,' 0d 0a ' 2]'}}}"));
        AssertSent(rig, binary, "{08 03 42 {}}", "{22 {12 {'n:a'} 22 {22 {'[1, 2]'} 2a " + Info + " 30 01}}}");
        const string Publication = """{"data":[1, 2],"info":{"user":"","client":"07070707-0707-4707-8707-070707070707"},"offset":1}""";
        Assert.Equal(["{\"push\":{\"channel\":\"n:a\",\"pub\":" + Publication + "}}"], rig.Frames(text));
        rig.SendText(text, """{"id":3,"history":{"channel":"n:a","limit":1}}""");
        Assert.Equal(["{\"id\":3,\"history\":{\"publications\":[" + Publication + "],\"epoch\":\"0383838383838383\",\"offset\":1}}"], rig.Frames(text));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(5_000)]
    [InlineData(20_000)]
    public void A_publication_of_any_length_is_encoded_early_and_late_alike(int length)
    {
        HubRig rig = new();
        string data = $"\"{new string('x', length)}\"";
        rig.Publish("n:a", data); // nobody reads Protobuf yet
        int client = rig.Connected(protobuf: true);
        AssertAnswer(rig, client, "{08 02 2a {0a {'n:a'} 18 01}}",
            "{08 02 32 {18 01 32 {" + Epoch + "} 50 01 60 01 40 01 3a {22 {'" + data + "'} 30 01}}}");
        for (int offset = 2; offset < 5; offset++)
        {
            rig.Publish("n:a", data);
            AssertSent(rig, client, "{22 {12 {'n:a'} 22 {22 {'" + data + "'} 30 0" + offset + "}}}");
        }
    }

    private static int Subscribed(HubRig rig, string channel)
    {
        int client = rig.Connected(protobuf: true);
        rig.Send(client, Opcode.Binary, Proto.Bytes("{08 02 2a {0a {'" + channel + "'}}}"));
        rig.Frames(client);
        return client;
    }

    private static void AssertAnswer(HubRig rig, int client, string command, params string[] messages)
    {
        rig.Send(client, Opcode.Binary, Proto.Bytes(command));
        AssertSent(rig, client, messages);
    }

    // How messages are spread over frames is not the wire's.
    private static void AssertSent(HubRig rig, int client, params string[] messages) =>
        Assert.Equal(Convert.ToHexStringLower(Proto.Bytes(string.Join(" ", messages))), string.Concat(rig.Frames(client)));
}
