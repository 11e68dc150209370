using System.Runtime.InteropServices;

namespace Sluice.Bench.Codecs;

/// <summary>The zlib of the distribution (package zlib1g), level 6, reset for every message.</summary>
internal sealed unsafe partial class SystemZlib() : Codec("system zlib")
{
    private const int SyncFlush = 2;
    private const int Deflated = 8;
    private const int RawWindow = -15;
    private const int TailBytes = 4;

    private ZStream* _deflate;
    private ZStream* _inflate;

    internal override int Deflate(byte[] history, byte[] message, byte[] destination)
    {
        if (_deflate is null)
        {
            _deflate = (ZStream*)NativeMemory.AllocZeroed((nuint)sizeof(ZStream));
            Check(deflateInit2_(_deflate, 6, Deflated, RawWindow, 8, 0, zlibVersion(), sizeof(ZStream)));
        }
        Check(deflateReset(_deflate));
        fixed (byte* dictionary = history, input = message, output = destination)
        {
            if (history.Length > 0)
            {
                Check(deflateSetDictionary(_deflate, dictionary, (uint)history.Length));
            }
            _deflate->Point(input, message.Length, output, destination.Length);
            Check(deflate(_deflate, SyncFlush));
        }
        return destination.Length - (int)_deflate->AvailableOut - TailBytes;
    }

    internal override int Inflate(byte[] compressed, byte[] plain)
    {
        if (_inflate is null)
        {
            _inflate = (ZStream*)NativeMemory.AllocZeroed((nuint)sizeof(ZStream));
            Check(inflateInit2_(_inflate, RawWindow, zlibVersion(), sizeof(ZStream)));
        }
        byte* tail = stackalloc byte[TailBytes] { 0, 0, 0xFF, 0xFF };
        fixed (byte* input = compressed, output = plain)
        {
            _inflate->Point(input, compressed.Length, output, plain.Length);
            Check(inflate(_inflate, SyncFlush));
            _inflate->NextIn = tail;
            _inflate->AvailableIn = TailBytes;
            Check(inflate(_inflate, SyncFlush));
        }
        return plain.Length - (int)_inflate->AvailableOut;
    }

    public override void Dispose()
    {
        if (_deflate is not null)
        {
            _ = deflateEnd(_deflate); // tells that output was pending, as it does after a sync flush
            NativeMemory.Free(_deflate);
        }
        if (_inflate is not null)
        {
            Check(inflateEnd(_inflate));
            NativeMemory.Free(_inflate);
        }
        base.Dispose();
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"zlib answers {result}");
        }
    }

    [LibraryImport("libz.so.1")]
    private static partial byte* zlibVersion();

    [LibraryImport("libz.so.1")]
    private static partial int deflateInit2_(ZStream* stream, int level, int method, int windowBits, int memoryLevel, int strategy, byte* version, int size);

    [LibraryImport("libz.so.1")]
    private static partial int deflateReset(ZStream* stream);

    [LibraryImport("libz.so.1")]
    private static partial int deflateSetDictionary(ZStream* stream, byte* dictionary, uint length);

    [LibraryImport("libz.so.1")]
    private static partial int deflate(ZStream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int deflateEnd(ZStream* stream);

    [LibraryImport("libz.so.1")]
    private static partial int inflateInit2_(ZStream* stream, int windowBits, byte* version, int size);

    [LibraryImport("libz.so.1")]
    private static partial int inflate(ZStream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int inflateEnd(ZStream* stream);

    /// <summary>z_stream of zlib.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ZStream
    {
        public byte* NextIn;
        public uint AvailableIn;
        public nuint TotalIn;
        public byte* NextOut;
        public uint AvailableOut;
        public nuint TotalOut;
        public byte* Message;
        public void* State;
        public void* Allocate;
        public void* Free;
        public void* Opaque;
        public int DataType;
        public nuint Adler;
        public nuint Reserved;

        public void Point(byte* input, int inputBytes, byte* output, int outputBytes)
        {
            NextIn = input;
            AvailableIn = (uint)inputBytes;
            NextOut = output;
            AvailableOut = (uint)outputBytes;
        }
    }
}
