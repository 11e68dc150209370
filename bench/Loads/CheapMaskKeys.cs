using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Cheap keys: the server under test is no adversary, and unmasks any key at the same cost.</summary>
internal sealed class CheapMaskKeys : IMaskKeys
{
    private uint _state = 0x9E3779B9;

    public uint Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return _state;
    }
}
