using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Sluice.AspNetCore;
using Sluice.Channels;
using Sluice.Protocol;
using Sluice.WebSockets;

namespace Sluice.Server;

/// <summary>What the command line and the environment ask for.</summary>
internal sealed record ServerOptions
{
    /// <summary>The environment variable that holds the key of the HTTP API.</summary>
    public const string ApiKeyVariable = "SLUICE_API_KEY";

    /// <summary>The environment variable that holds the password of an encrypted key.</summary>
    public const string CertificatePasswordVariable = "SLUICE_CERTIFICATE_PASSWORD";

    public required IPAddress Host { get; init; }

    public required int Port { get; init; }

    public required int Loops { get; init; }

    /// <summary>Whether Kestrel carries everything, as on systems without epoll.</summary>
    public required bool OnlyKestrel { get; init; }

    public required bool Demo { get; init; }

    /// <summary>Null: the API refuses everybody.</summary>
    public required string? ApiKey { get; init; }

    /// <summary>Null: TLS is not spoken.</summary>
    public required CertificateFiles? Certificate { get; init; }

    public required HubOptions Hub { get; init; }

    /// <summary>How messages are compressed; null: not at all.</summary>
    public required DeflateOptions? Deflate { get; init; }

    /// <summary>Reads the command line.</summary>
    /// <returns>The options, or null when the process is to end with <paramref name="exitCode"/>; the reason has been written then.</returns>
    public static ServerOptions? Parse(string[] arguments, out int exitCode)
    {
        CommandLine line = new();
        ParseResult result = line.Root.Parse(arguments);
        exitCode = 0;
        if (result.Errors.Count > 0)
        {
            Console.Error.WriteLine($"sluice: {OneLine(result.Errors[0].Message)} (--help lists the options)");
            exitCode = 2;
            return null;
        }
        if (result.Action is not null)
        {
            exitCode = result.Invoke(); // --help and --version
            return null;
        }
        return line.Read(result);
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");

    /// <summary>The options by name, with what they accept.</summary>
    private sealed class CommandLine
    {
        private const int MillisecondsMax = 86_400_000;

        private readonly Option<int> _port = Number("--port", "TCP port; 0 takes any free one", 8000, 0, ushort.MaxValue);
        private readonly Option<string> _host = new("--host") { Description = "IP address to listen on", DefaultValueFactory = static _ => "127.0.0.1" };
        private readonly Option<int> _loops = Number("--loops", "event loops; one a core by default", Environment.ProcessorCount, 1, 256);
        private readonly Option<string> _hostOnly = new("--host-only") { Description = "the host that carries everything: kestrel" };
        private readonly Option<bool> _demo = new("--demo") { Description = "serve the demo: anonymous chat in every chat:NAME channel, and a development key" };
        private readonly Option<bool> _compression = new("--compression") { Description = "compress messages for clients that offer it (permessage-deflate)" };
        private readonly Option<string> _certificate = new("--certificate")
        {
            Description = "speak TLS (wss, https) too, with this certificate: PEM, the server's own first, or PKCS #12 with its key",
        };

        private readonly Option<string> _certificateKey = new("--certificate-key")
        {
            Description = "the certificate's key in PEM, if it lies in a file of its own",
        };

        private readonly Option<int> _ping = Number("--ping-interval-ms", "between two pings to a client", 25_000, 20, MillisecondsMax);
        private readonly Option<int> _pong = Number("--pong-timeout-ms", "from a ping to its pong", 8_000, 10, MillisecondsMax);
        private readonly Option<int> _stale = Number("--stale-ms", "from the upgrade to the connect command", 10_000, 10, MillisecondsMax);

        public CommandLine()
        {
            _host.Validators.Add(static result =>
            {
                if (!IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
                {
                    result.AddError($"--host: \"{result.GetValueOrDefault<string>()}\" is not an IP address.");
                }
            });
            _hostOnly.Validators.Add(static result =>
            {
                if (result.GetValueOrDefault<string>() != "kestrel")
                {
                    result.AddError($"--host-only: \"{result.GetValueOrDefault<string>()}\" is not a host; the only one is kestrel.");
                }
            });
            _certificateKey.Validators.Add(result =>
            {
                if (result.GetResult(_certificate) is null)
                {
                    result.AddError("--certificate-key: needs --certificate.");
                }
            });
            Root = new RootCommand("Sluice, a realtime channel server.")
            {
                _port, _host, _loops, _hostOnly, _demo, _compression, _certificate, _certificateKey, _ping, _pong, _stale,
            };
        }

        public RootCommand Root { get; }

        public ServerOptions Read(ParseResult result)
        {
            bool demo = result.GetValue(_demo);
            string? key = Environment.GetEnvironmentVariable(ApiKeyVariable);
            return new ServerOptions
            {
                Host = IPAddress.Parse(result.GetValue(_host)!),
                Port = result.GetValue(_port),
                Loops = result.GetValue(_loops),
                OnlyKestrel = result.GetValue(_hostOnly) == "kestrel" || !OperatingSystem.IsLinux(),
                Demo = demo,
                Deflate = result.GetValue(_compression) ? new DeflateOptions() : null,
                ApiKey = string.IsNullOrEmpty(key) ? (demo ? Server.Demo.NewApiKey() : null) : key,
                Certificate = result.GetValue(_certificate) is { } certificate
                    ? new CertificateFiles(certificate, result.GetValue(_certificateKey), Environment.GetEnvironmentVariable(CertificatePasswordVariable))
                    : null,
                Hub = (demo ? Server.Demo.HubOptions : new HubOptions()) with
                {
                    Version = $"sluice {typeof(ServerOptions).Assembly.GetName().Version?.ToString(3)}",
                    PingIntervalMs = result.GetValue(_ping),
                    PongTimeoutMs = result.GetValue(_pong),
                    StaleMs = result.GetValue(_stale),
                },
            };
        }

        private static Option<int> Number(string name, string description, int normally, int min, int max)
        {
            Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => normally };
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && (!int.TryParse(token.Value, out int value) || value < min || value > max))
                {
                    result.AddError($"{name}: \"{token.Value}\" is not a whole number from {min} to {max}.");
                }
            });
            return option;
        }
    }
}
