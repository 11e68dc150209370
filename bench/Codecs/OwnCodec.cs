using Sluice.Protocol;

namespace Sluice.Bench.Codecs;

/// <summary>What Sluice does.</summary>
internal sealed class OwnCodec() : Codec("own")
{
    // Made when first used, so that what each of them holds can be told apart.
    private Deflater Deflater => field ??= new();

    private Inflater Inflater => field ??= new();

    private bool _begun;

    internal override int Deflate(byte[] history, byte[] message, byte[] destination) =>
        Deflater.Compress(history, message, DeflateAgreement.WindowBitsMax, destination, out _);

    internal override int Inflate(byte[] compressed, byte[] plain)
    {
        Inflater.Begin(DeflateAgreement.WindowBitsMax, keepWindow: _begun);
        _begun = true;
        ReadOnlySpan<byte> input = compressed;
        int written = 0;
        InflateStatus status;
        do
        {
            status = Inflater.Step(input, final: true, out int consumed, out Span<byte> output);
            input = input[consumed..];
            written += output.Length; // and is used where it lies
        }
        while (status == InflateStatus.More);
        return status == InflateStatus.Done ? written : throw new InvalidDataException("broken");
    }
}
