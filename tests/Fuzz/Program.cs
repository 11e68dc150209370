using Sluice.Fuzz;

// One file is run as it was built, so that a debugger and a stack trace show its lines.
return args.Contains("--replay") ? FuzzCommand.Run(args) : new InstrumentedContext().Run(args);
