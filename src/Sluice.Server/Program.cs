using System.Net.Sockets;
using Sluice.AspNetCore;
using Sluice.Server;
using Sluice.WebSockets;

if (ServerOptions.Parse(args, out int exitCode) is not { } options)
{
    return exitCode;
}
try
{
    await using ServerHost host = await ServerHost.StartAsync(options);
    host.Announce(Console.Out);
    await host.RunAsync();
    return 0;
}
catch (CertificateException e)
{
    Console.Error.WriteLine($"sluice: --certificate: {e.Message}");
    return 2;
}
catch (SocketException e)
{
    Console.Error.WriteLine($"sluice: cannot listen on {options.Host}:{options.Port}: {Describe(e)}");
    return 2;
}

static string Describe(SocketException e) => e.SocketErrorCode switch
{
    SocketError.AddressAlreadyInUse => "the port is taken (choose another with --port, or 0 for any free one)",
    SocketError.AccessDenied => "ports below 1024 need a privilege (choose another with --port)",
    SocketError.AddressNotAvailable => "this machine does not have that address",
    _ => e.Message,
};
