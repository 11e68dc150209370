using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>All targets.</summary>
internal static class Targets
{
    /// <summary>In the order in which they are run.</summary>
    public static Target[] All { get; } =
    [
        new RequestHeadTarget(),
        new ExtensionsTarget(),
        new ResponseHeadTarget(),
        new InflaterTarget(),
        new DeflaterTarget(),
        new FramesTarget<ServerRole>("frames-server"),
        new FramesTarget<ClientRole>("frames-client"),
        new CommandsTarget(),
        new ProtobufCommandsTarget(),
    ];
}
