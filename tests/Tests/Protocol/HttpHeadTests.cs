using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class HttpHeadTests
{
    private const string Good = "GET /a?b HTTP/1.1\r\nHost: h\r\nX:y\r\nEmpty:\r\nTab:\t v \t\r\nHigh:\u00e9\u0080\u00ff\r\n\r\n";

    [Fact]
    public void A_head_means_the_same_at_every_cut()
    {
        byte[] bytes = Encoding.Latin1.GetBytes(Good + "frames");
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            HttpHead head = default;
            HeadStatus first = head.Parse(bytes.AsSpan(0, cut), HttpHeadLimits.Default);
            Assert.Equal(cut < Good.Length ? HeadStatus.NeedMore : HeadStatus.Complete, first);
            Assert.Equal(HeadStatus.Complete, head.Parse(bytes, HttpHeadLimits.Default));
            Assert.Equal(Good.Length, head.Length);
            Assert.Equal("GET /a?b", Encoding.ASCII.GetString(head.Method(bytes)) + " " + Encoding.ASCII.GetString(head.Target(bytes)));
            List<string> lines = [];
            foreach (HeaderLine line in head.Headers(bytes))
            {
                lines.Add(Encoding.ASCII.GetString(line.Name) + "=" + Encoding.Latin1.GetString(line.Value));
            }
            Assert.Equal(["Host=h", "X=y", "Empty=", "Tab=v", "High=\u00e9\u0080\u00ff"], lines);
        }
    }
}
