using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>Changes a stream frame by frame, so that lengths stay right and what comes behind is reached.</summary>
/// <param name="dice">Decides everything.</param>
/// <param name="masked">Whether a client sends the stream.</param>
/// <param name="compress">Whether a message may be compressed.</param>
internal sealed class FrameShaper(Dice dice, bool masked, bool compress)
{
    private const int PayloadBytesMax = 200;
    private const int FirstByteCompressed = 0x40;

    private static readonly Opcode[] s_opcodes =
    [
        Opcode.Text, Opcode.Text, Opcode.Binary, Opcode.Continuation, Opcode.Continuation, Opcode.Ping, Opcode.Pong, Opcode.Close,
    ];

    private static readonly int[] s_closeCodes = [0, 1000, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 3000, 4999];

    /// <summary>The stream with one thing changed.</summary>
    public byte[] Reshape(byte[] stream)
    {
        List<byte[]> frames = Split(stream);
        int at = dice.Below(frames.Count + 1);
        switch (dice.Below(7))
        {
            case 0:
                Opcode opcode = dice.Of<Opcode>(s_opcodes);
                frames.Insert(at, NewFrame(opcode, dice.Below(4) > 0, opcode == Opcode.Close ? NewClose() : NewPayload()));
                break;
            case 1 when at < frames.Count:
                frames.RemoveAt(at);
                break;
            case 2 when at < frames.Count:
                frames.Insert(at, frames[dice.Below(frames.Count)]);
                break;
            case 3 when at < frames.Count && FrameHeader.TryRead(frames[at], out FrameHeader header):
                frames[at] = NewFrame(header.Opcode, header.Final, NewPayload());
                break;
            case 4 when at < frames.Count && FrameHeader.TryRead(frames[at], out FrameHeader header):
                frames[at] = Lengthen(frames[at], header);
                break;
            default:
                frames.InsertRange(at, NewMessage());
                break;
        }
        return [.. frames.SelectMany(static frame => frame)];
    }

    // A message in up to five frames, perhaps with a control frame between them.
    private List<byte[]> NewMessage()
    {
        bool compressed = compress && dice.Below(4) > 0;
        byte[] payload = compressed ? Compress(dice.Below(4) == 0 ? NewLongPayload() : NewPayload()) : NewPayload();
        List<byte[]> frames = [];
        Opcode opcode = dice.Below(2) == 0 ? Opcode.Text : Opcode.Binary;
        int at = 0;
        for (int left = dice.Small(5); left > 0; left--)
        {
            int length = left == 1 ? payload.Length - at : dice.Below(payload.Length - at + 1);
            byte[] frame = NewFrame(frames.Count == 0 ? opcode : Opcode.Continuation, left == 1, payload.AsSpan(at, length));
            frame[0] |= (byte)(compressed && frames.Count == 0 ? FirstByteCompressed : 0);
            frames.Add(frame);
            at += length;
        }
        if (dice.Below(8) == 0)
        {
            frames.Insert(dice.Below(frames.Count), NewFrame(Opcode.Ping, true, "between"u8));
        }
        return frames;
    }

    // The same length in more bytes than it needs, perhaps.
    private byte[] Lengthen(byte[] frame, in FrameHeader header)
    {
        int code = 126 + dice.Below(2);
        byte[] length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(length, header.PayloadLength);
        int keyAndPayload = header.Size - (header.Masked ? sizeof(uint) : 0);
        return [frame[0], (byte)((frame[1] & 0x80) | code), .. code == 126 ? length[^2..] : length, .. frame[keyAndPayload..]];
    }

    private byte[] NewFrame(Opcode opcode, bool final, ReadOnlySpan<byte> payload) =>
        FrameSeeds.Frame(opcode, final, payload, masked ? (uint)dice.Next() & (dice.Below(2) == 0 ? 0 : uint.MaxValue) : null);

    private byte[] NewClose()
    {
        int code = dice.Of<int>(s_closeCodes) + (dice.Below(4) == 0 ? dice.Below(3) - 1 : 0);
        return [(byte)(code >> 8), (byte)code, .. dice.Below(2) == 0 ? [] : NewPayload().Take(123)];
    }

    private byte[] NewPayload()
    {
        int length = dice.Below(8) == 0 ? dice.Below(PayloadBytesMax) : dice.Below(24);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)dice.Next();
        }
        return dice.Below(3) switch
        {
            0 => bytes,
            1 => Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(bytes)),
            _ => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"key\":\"value\"}", length / 8))),
        };
    }

    // More than one step of an inflater gives.
    private byte[] NewLongPayload() =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"{{\"key\":{dice.Below(100)}}}", 1500 + dice.Below(3000))));

    // Raw deflate; mostly as RFC 7692, 7.2.1 wants it, sometimes ended by a final block.
    private byte[] Compress(ReadOnlySpan<byte> payload)
    {
        using MemoryStream output = new();
        using (DeflateStream deflate = new(output, dice.Below(2) == 0 ? CompressionLevel.Fastest : CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(payload);
            if (dice.Below(4) > 0)
            {
                deflate.Flush();
                byte[] flushed = output.ToArray();
                return flushed.Length >= 4 ? flushed[..^4] : [0];
            }
        }
        return output.ToArray();
    }

    // Frames as far as their lengths make sense; what is left is the last.
    private static List<byte[]> Split(ReadOnlySpan<byte> stream)
    {
        List<byte[]> frames = [];
        while (FrameHeader.TryRead(stream, out FrameHeader header) && header.PayloadLength <= (ulong)(stream.Length - header.Size))
        {
            int length = header.Size + (int)header.PayloadLength;
            frames.Add(stream[..length].ToArray());
            stream = stream[length..];
        }
        if (!stream.IsEmpty)
        {
            frames.Add(stream.ToArray());
        }
        return frames;
    }
}
