using System.Globalization;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Simulator;

// What the client says.
internal partial class NativeClient
{
    /// <summary>What was asked, to be found again by the reply's id.</summary>
    /// <param name="Method">The command's name.</param>
    /// <param name="Subscription">The channel it is about.</param>
    /// <param name="Since">From where recovery or history was asked.</param>
    /// <param name="Publication">What was published.</param>
    /// <param name="Limit">How much history was asked.</param>
    /// <param name="Reverse">Whether newest first.</param>
    /// <param name="TopSeen">How far the log was known to reach when this was asked.</param>
    /// <param name="Life">Which life of the subscription it was asked in; 0 if that was about to change.</param>
    /// <param name="IsStrict">Whether a lost position is to be answered by an error.</param>
    private sealed record Command(string Method, Subscription? Subscription = null, Place? Since = null,
        Publication? Publication = null, int Limit = 0, bool Reverse = false, Place? TopSeen = null, int Life = 0, bool IsStrict = false);

    private void Subscribe(Subscription subscription, Place? since)
    {
        string fields = Field(subscription);
        if (since is { } position)
        {
            fields += string.Create(CultureInfo.InvariantCulture, $",\"recover\":true,\"epoch\":\"{position.Epoch}\",\"offset\":{position.Offset}");
        }
        bool isStrict = since is not null && World.Prng.Chance(200);
        if (isStrict)
        {
            fields += ",\"flag\":2";
        }
        subscription.Wanted = true;
        subscription.WillBeLive = true;
        subscription.Outstanding++;
        Ask(new Command("subscribe", subscription, since, IsStrict: isStrict), fields);
    }

    private void Unsubscribe(Subscription subscription)
    {
        subscription.WillBeLive = false;
        subscription.Outstanding++;
        Ask(new Command("unsubscribe", subscription), Field(subscription));
    }

    private void Publish(Subscription subscription)
    {
        Publication publication = _oracle.Publish(subscription.Channel, _publisher, _clientId, subscription.Rules.Options.HasHistory);
        Ask(new Command("publish", subscription, Publication: publication), $"{Field(subscription)},\"data\":{Encoding.UTF8.GetString(publication.Data)}");
    }

    private void AskHistory(Subscription subscription)
    {
        int limit = World.Prng.Pick<int>([-1, 0, 1, 3, 100]);
        bool reverse = World.Prng.Chance(300);
        Place? since = World.Prng.Chance(500) ? subscription.Position : null;
        string fields = string.Create(CultureInfo.InvariantCulture, $"{Field(subscription)},\"limit\":{limit},\"reverse\":{(reverse ? "true" : "false")}");
        if (since is { } from)
        {
            fields += string.Create(CultureInfo.InvariantCulture, $",\"since\":{{\"epoch\":\"{from.Epoch}\",\"offset\":{from.Offset}}}");
        }
        Place? known = subscription.Position is { } position
            ? position with { Offset = _oracle.TopSeen(subscription.Channel, position.Epoch) }
            : null;
        Ask(new Command("history", subscription, since, Limit: limit, Reverse: reverse, TopSeen: known), fields);
    }

    private static string Field(Subscription subscription) => $"\"channel\":\"{subscription.Channel}\"";

    /// <summary>Adds a command to the frame.</summary>
    private void Ask(Command command, string fields)
    {
        _pending.Add(++_lastId, command);
        string text = string.Create(CultureInfo.InvariantCulture, $"{{\"{command.Method}\":{{{fields}}},\"id\":{_lastId}}}");
        World.Trace.Quote(Encoding.UTF8.GetBytes(text));
        _wire.Add(text, _frame);
        World.Trace.Note(World.Now, Name, command.Method, _lastId, command.Publication?.Number ?? 0, command.Subscription?.Channel ?? "");
    }

    private void SendFrame()
    {
        if (_frame.WrittenCount == 0)
        {
            return;
        }
        if (World.Prng.Chance(800))
        {
            Send(_wire.Opcode, _frame.WrittenSpan);
        }
        else
        {
            SendFragmented(_wire.Opcode, _frame.WrittenSpan, fragmentsMax: 4);
        }
        _frame.ResetWrittenCount();
    }
}
