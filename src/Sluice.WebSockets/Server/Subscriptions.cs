using System.Runtime.InteropServices;
using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>Which topics the sockets of one loop follow, so that a socket that goes leaves them all.</summary>
/// <remarks>The loop's own. Beside a socket's row lies nothing, its one topic, or a list of them.</remarks>
internal sealed class Subscriptions(EventLoop loop)
{
    private readonly References<object> _topics = new();

    /// <summary>Adds an open socket to a topic.</summary>
    /// <returns>False if it is not open, or follows <see cref="Topic.PerSocketMax"/> already.</returns>
    internal bool Add(Handle socket, TopicShare share)
    {
        if (!loop.IsOpen(socket))
        {
            return false;
        }
        object? topics = _topics[socket.Index];
        if (topics is List<TopicShare> { Count: >= Topic.PerSocketMax } full && !full.Contains(share))
        {
            return false;
        }
        if (share.Add(socket))
        {
            _topics[socket.Index] = topics switch
            {
                null => share,
                TopicShare only => new List<TopicShare>(2) { only, share },
                _ => With((List<TopicShare>)topics, share),
            };
        }
        return true;
    }

    /// <summary>Removes a socket from a topic, if it follows it.</summary>
    internal void Remove(Handle socket, TopicShare share)
    {
        if (!share.Remove(socket))
        {
            return;
        }
        object? topics = _topics[socket.Index];
        if (topics is List<TopicShare> list)
        {
            list.Remove(share);
            topics = list.Count == 0 ? null : list;
        }
        _topics[socket.Index] = topics is List<TopicShare> ? topics : null;
    }

    /// <summary>Removes a socket from all its topics.</summary>
    internal void Leave(Handle socket)
    {
        switch (_topics[socket.Index])
        {
            case null:
                return;
            case TopicShare only:
                only.Remove(socket);
                break;
            case List<TopicShare> list:
                foreach (TopicShare share in CollectionsMarshal.AsSpan(list))
                {
                    share.Remove(socket);
                }
                break;
        }
        _topics[socket.Index] = null;
    }

    private static List<TopicShare> With(List<TopicShare> list, TopicShare share)
    {
        list.Add(share);
        return list;
    }
}
