using System.Globalization;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>Servers measured in turn, A B C A B C, with a fresh process each time.</summary>
/// <param name="measure">Measures one server once: one or more figures, the same number always.</param>
internal sealed class Turns(Func<ServerCommand, double[]> measure)
{
    private readonly List<(ServerCommand Server, int Rounds, List<double[]> Figures)> _entrants = [];

    /// <summary>Has a server take part in the first so many rounds.</summary>
    internal Turns Add(ServerCommand server, int rounds)
    {
        _entrants.Add((server, rounds, []));
        return this;
    }

    /// <summary>Measures all.</summary>
    /// <returns>For each figure, the series of each server.</returns>
    internal Series[][] Run()
    {
        for (int round = 0; round < _entrants.Max(static entrant => entrant.Rounds); round++)
        {
            foreach ((ServerCommand server, int rounds, List<double[]> figures) in _entrants)
            {
                if (round < rounds)
                {
                    figures.Add(measure(server));
                    Console.Error.WriteLine($"{server.Name}: {string.Join(", ", figures[^1].Select(static figure => figure.ToString("0.###", CultureInfo.InvariantCulture)))}");
                }
            }
        }
        return [.. Enumerable.Range(0, _entrants[0].Figures[0].Length).Select(figure => _entrants
            .Select(entrant => new Series(entrant.Server.Name, [.. entrant.Figures.Select(figures => figures[figure])])).ToArray())];
    }
}
