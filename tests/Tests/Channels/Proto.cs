using System.Text;

namespace Sluice.Tests.Channels;

/// <summary>Protobuf as it is written in these tests: hexadecimal digits, 'text', and {bytes behind their length}.</summary>
internal static class Proto
{
    internal static byte[] Bytes(string vector)
    {
        int at = 0;
        return Read(vector, ref at);
    }

    private static byte[] Read(string vector, ref int at)
    {
        List<byte> bytes = [];
        for (; at < vector.Length && vector[at] != '}'; at++)
        {
            switch (vector[at])
            {
                case ' ':
                    break;
                case '{':
                    at++;
                    byte[] inner = Read(vector, ref at);
                    bytes.AddRange(Varint((ulong)inner.Length));
                    bytes.AddRange(inner);
                    break;
                case '\'':
                    int end = vector.IndexOf('\'', at + 1);
                    bytes.AddRange(Encoding.UTF8.GetBytes(vector[(at + 1)..end]));
                    at = end;
                    break;
                default:
                    bytes.Add(Convert.ToByte(vector.Substring(at++, 2), 16));
                    break;
            }
        }
        return [.. bytes];
    }

    internal static List<byte> Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
        return bytes;
    }
}
