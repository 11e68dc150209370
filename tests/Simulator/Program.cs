using Sluice.Simulator;

// With seeds on the command line they are run, else the tests are.
return args.Length > 0 && args[0].StartsWith("--seed", StringComparison.Ordinal)
    ? SeedCommand.Run(args)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
