namespace Sluice.Tests.Hardening;

/// <summary>The network may cut a stream anywhere, and nothing may depend on where.</summary>
internal static class EveryCut
{
    // Beyond this, every position near both ends and some between: a cut costs a run over the whole.
    private const int BytesOfEveryPosition = 2000;
    private const int EndBytes = 300;
    private const int Stride = 997;

    /// <summary>Feeds the bytes whole, byte by byte, and cut in two at each position.</summary>
    /// <param name="bytes">What arrives.</param>
    /// <param name="read">Reads pieces, from a fresh state.</param>
    /// <returns>What was read, which was the same each time.</returns>
    public static T Feed<T>(byte[] bytes, Func<IEnumerable<byte[]>, T> read)
    {
        T whole = read([bytes]);
        Assert.Equal(("byte by byte", whole), ("byte by byte", read(bytes.Select(static b => new[] { b }))));
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            bool isTried = bytes.Length <= BytesOfEveryPosition || Math.Min(cut, bytes.Length - cut) < EndBytes || cut % Stride == 0;
            if (isTried)
            {
                Assert.Equal(($"cut at {cut}", whole), ($"cut at {cut}", read([bytes[..cut], bytes[cut..]])));
            }
        }
        return whole;
    }
}
