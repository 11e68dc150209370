using System.Buffers.Binary;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 34 and 35: masks.</summary>
public class MaskingTests
{
    [Fact]
    public void Hardening34_Every_length_and_phase_is_masked_as_bytes_would_be()
    {
        Dice dice = new(34);
        for (int length = 0; length <= 200; length++)
        {
            for (int phase = 0; phase < 4; phase++)
            {
                uint key = (uint)dice.Next();
                byte[] plain = dice.Bytes(length + 2);
                byte[] masked = [.. plain];
                Masking.Apply(masked.AsSpan(1, length), Masking.Advance(key, phase));
                Assert.Equal(Bytewise(plain, length, key, phase), masked);
            }
        }
    }

    [Fact]
    public void Hardening34_Every_split_gives_the_same_bytes()
    {
        Dice dice = new(340);
        foreach (int length in (int[])[0, 1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 100, 131])
        {
            byte[] plain = dice.Bytes(length);
            byte[] whole = [.. plain];
            Masking.Apply(whole, 0xA1B2C3D4);
            for (int cut = 0; cut <= length; cut++)
            {
                byte[] parts = [.. plain];
                Masking.Apply(parts.AsSpan(0, cut), 0xA1B2C3D4);
                Masking.Apply(parts.AsSpan(cut), Masking.Advance(0xA1B2C3D4, cut));
                Assert.Equal(whole, parts);
            }
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x04030201u)]
    [InlineData(0xFFFFFFFFu)]
    public void Hardening34_A_frame_is_unmasked_whatever_the_cuts(uint key)
    {
        foreach (int length in (int[])[0, 1, 2, 3, 5, 8, 17, 40, 64, 126, 130])
        {
            byte[] payload = new Dice((uint)length).Bytes(length);
            byte[] frame = Hex.Frame(Opcode.Binary, true, payload, key);
            Assert.Equal("binary " + Convert.ToHexString(payload), Frames.AtServer(frame));
        }
    }

    [Fact]
    public void Hardening35_Each_frame_of_a_client_has_a_key_of_its_own()
    {
        Peer<ClientRole> client = new(masks: new CountingKeys());
        client.Send(Opcode.Text, "a"u8);
        client.Receive(Hex.Bytes("89 01 AA"));
        client.Connection.WriteClose(client.Output, 1000, default, new CountingKeys());
        Assert.Equal("8181 04030201 65 8A81 08060402 A2 8882 04030201 07EB".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(client.TakeOutput()));
    }

    [Fact]
    public void Hardening35_A_client_without_keys_is_our_own_error()
    {
        Peer<ClientRole> client = new();
        Assert.Throws<InvariantException>(() => client.Send(Opcode.Text, "a"u8));
    }

    private static byte[] Bytewise(byte[] plain, int length, uint key, int phase)
    {
        byte[] keyBytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(keyBytes, key);
        byte[] masked = [.. plain];
        for (int i = 0; i < length; i++)
        {
            masked[1 + i] ^= keyBytes[(i + phase) % 4];
        }
        return masked;
    }
}
