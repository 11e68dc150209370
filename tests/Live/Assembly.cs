using System.Runtime.CompilerServices;
using Xunit.Sdk;
using Xunit.v3;

// The tests exhaust the process's descriptors and count turns of the kernel: one at a time.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: DisableRuntimeMarshalling]
