namespace Sluice.Protocol;

/// <summary>How a block is coded (RFC 1951, 3.2.3).</summary>
internal enum BlockType
{
    Stored = 0,
    Fixed = 1,
    Dynamic = 2,
}

/// <summary>The numbers of RFC 1951 that both directions need.</summary>
internal static class DeflateFormat
{
    internal const int WindowBytesMax = 1 << DeflateAgreement.WindowBitsMax;
    internal const int MatchBytesMin = 3;
    internal const int MatchBytesMax = 258;
    internal const int StoredBytesMax = ushort.MaxValue;

    internal const int EndOfBlock = 256;
    internal const int FirstLengthSymbol = 257;

    /// <summary>Literals, end of block and lengths. The fixed code has two more, which mean nothing.</summary>
    internal const int LiteralSymbols = 286;
    internal const int FixedLiteralSymbols = 288;

    /// <summary>Distances. The fixed code has two more, which mean nothing.</summary>
    internal const int DistanceSymbols = 30;
    internal const int FixedDistanceSymbols = 32;
    internal const int CodeBitsMax = 15;

    /// <summary>The lengths of a dynamic block's codes are coded themselves: 0 to 15 mean a length, the next three a repetition.</summary>
    internal const int CodeLengthSymbols = 19;
    internal const int CodeLengthBitsMax = 7;
    internal const int RepeatPrevious = 16;
    internal const int RepeatZero = 17;
    internal const int RepeatZeroOften = 18;

    internal static ReadOnlySpan<byte> CodeLengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    internal static ReadOnlySpan<byte> RepeatExtraBits => [2, 3, 7];

    internal static ReadOnlySpan<byte> RepeatStart => [3, 3, 11];

    internal static ReadOnlySpan<ushort> LengthStart =>
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    internal static ReadOnlySpan<byte> LengthExtraBits => [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

    internal static ReadOnlySpan<ushort> DistanceStart =>
    [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
        257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ];

    internal static ReadOnlySpan<byte> DistanceExtraBits =>
        [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

    /// <summary>The lengths of the fixed code for literals (RFC 1951, 3.2.6). Its distances have five bits each.</summary>
    internal static byte[] FixedLiteralLengths()
    {
        byte[] lengths = new byte[FixedLiteralSymbols];
        lengths.AsSpan(0, 144).Fill(8);
        lengths.AsSpan(144, 112).Fill(9);
        lengths.AsSpan(256, 24).Fill(7);
        lengths.AsSpan(280).Fill(8);
        return lengths;
    }

    internal static byte[] FixedDistanceLengths()
    {
        byte[] lengths = new byte[FixedDistanceSymbols];
        lengths.AsSpan().Fill(5);
        return lengths;
    }
}
