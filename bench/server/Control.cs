using System.Text;
using System.Text.Json;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Bench.Server;

/// <summary>Takes the bench's commands: <c>publish</c>, <c>publish NAME</c>, <c>stats</c>.</summary>
internal sealed class Control(EventLoop loop, Feed feed) : Endpoint("/control")
{
    public override void Opened(Handle connection)
    {
    }

    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
        string[] words = Encoding.UTF8.GetString(message).Split(' ');
        if (words[0] == "publish")
        {
            feed.Publish(words.ElementAtOrDefault(1));
        }
        else
        {
            loop.Send(connection, Opcode.Text, JsonSerializer.SerializeToUtf8Bytes(new
            {
                compressions = feed.CompressionCount,
                resources = loop.Resources,
                heapBytes = GC.GetTotalMemory(forceFullCollection: true),
            }));
        }
    }

    public override void Closed(Handle connection, ushort code)
    {
    }
}
