namespace Sluice.Protocol;

/// <summary>What a <see cref="DecodeTable"/> says about the next bits. 4 bytes: a literal flag (1 bit), a value (15), what else it
/// is (3), the bits of the code (4), the bits of code and extra bits together (8).</summary>
internal readonly struct DecodeEntry
{
    private const int ValueShift = 16;
    private const int CodeBitsShift = 8;
    private const uint LiteralFlag = 1u << 31;
    private const uint PointerFlag = 1u << 12;
    private const uint EndFlag = 1u << 13;
    private const uint InvalidFlag = 1u << 14;

    private readonly uint _packed;

    private DecodeEntry(uint packed) => _packed = packed;

    internal static DecodeEntry Invalid => new(InvalidFlag);

    internal static DecodeEntry EndOfBlock => new(EndFlag);

    private int CodeBits => (int)(_packed >> CodeBitsShift) & 15;

    internal bool IsLiteral => (int)_packed < 0;

    /// <summary>Not a start and extra bits: a pointer, the end of the block or invalid.</summary>
    internal bool IsSpecial => (_packed & (PointerFlag | EndFlag | InvalidFlag)) != 0;

    internal bool IsPointer => (_packed & PointerFlag) != 0;

    internal bool IsInvalid => (_packed & InvalidFlag) != 0;

    /// <summary>How many bits are taken: the code, and the extra bits that follow it.</summary>
    internal int Bits => (byte)_packed;

    /// <summary>Of a pointer: how many bits index the second table.</summary>
    internal int IndexBits => CodeBits;

    /// <summary>The literal, the symbol, or where the second table starts.</summary>
    internal int Value => (int)(_packed >> ValueShift) & 0x7FFF;

    internal static DecodeEntry Literal(int value) => new(LiteralFlag | ((uint)value << ValueShift));

    internal static DecodeEntry Start(int value, int extraBits) => new(((uint)value << ValueShift) | (uint)extraBits);

    internal static DecodeEntry Pointer(int start, int codeBits, int indexBits) =>
        new(PointerFlag | ((uint)start << ValueShift) | ((uint)indexBits << CodeBitsShift) | (uint)codeBits);

    /// <summary>The same, for a symbol with a code of so many bits.</summary>
    internal DecodeEntry WithCode(int codeBits) => new(_packed + ((uint)codeBits << CodeBitsShift) + (uint)codeBits);

    /// <summary>What the extra bits say that follow the code in <paramref name="bits"/>.</summary>
    internal int Extra(ulong bits) => (int)((bits & ((1UL << Bits) - 1)) >> CodeBits);
}
