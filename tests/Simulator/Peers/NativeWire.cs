using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A format of the native wire, as a client writes and reads it. Inside a client everything is JSON.</summary>
internal abstract class NativeWire
{
    public static NativeWire Json { get; } = new JsonWire();

    public static NativeWire Protobuf { get; } = new ProtobufWire();

    /// <summary>The kind of its messages.</summary>
    public abstract Opcode Opcode { get; }

    /// <summary>How a request asks for it.</summary>
    public abstract string Query { get; }

    /// <summary>A message that says nothing.</summary>
    public abstract ReadOnlySpan<byte> Pong { get; }

    /// <summary>Adds a command, given in JSON, to a message.</summary>
    public abstract void Add(string command, ArrayBufferWriter<byte> message);

    /// <summary>The replies and pushes of a message, each in JSON.</summary>
    public abstract List<byte[]> Read(ReadOnlySpan<byte> message);

    private sealed class JsonWire : NativeWire
    {
        public override Opcode Opcode => Opcode.Text;

        public override string Query => "";

        public override ReadOnlySpan<byte> Pong => "{}"u8;

        public override void Add(string command, ArrayBufferWriter<byte> message)
        {
            if (message.WrittenCount > 0)
            {
                message.Write("\n"u8);
            }
            Encoding.UTF8.GetBytes(command, message);
        }

        public override List<byte[]> Read(ReadOnlySpan<byte> message)
        {
            List<byte[]> lines = [];
            foreach (Range line in message.Split((byte)'\n'))
            {
                Violation.Unless(!message[line].IsEmpty, "an empty line");
                lines.Add(message[line].ToArray());
            }
            return lines;
        }
    }
}
