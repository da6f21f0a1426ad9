#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "client/format/json.h"
#include "client/format/packed_plotly.h"
#include "client/format/surface_chart.h"
#include "client/format/surface_scale.h"
#include "client/format/svg.h"

namespace basin::client::format {
namespace {

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --text: #222; --back: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #d8dade; --back: #16181c; } }
body { margin: 1em auto; padding: 0 1em; max-width: 1700px; font: 14px sans-serif; color: var(--text);
       background: var(--back); }
h1 { font-size: 18px; font-weight: normal; margin: 0 0 0.4em; }
p { margin: 0.3em 0; opacity: 0.8; }
#views { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
         gap: 1em; align-items: start; }
#views > div { width: 100%; aspect-ratio: 1; max-width: 900px; max-height: max(80vh, 420px); min-width: 0; }
#still svg { width: 100%; height: auto; max-width: 900px; }
[hidden] { display: none !important; }
)css";

constexpr char kScript[] = R"js(
(async () => {
  const element = (id) => document.getElementById(id);
  const dark = matchMedia('(prefers-color-scheme: dark)');

  async function unpack() {
    if (typeof DecompressionStream === 'undefined') {
      throw Error('this browser has no DecompressionStream, which unpacks it');
    }
    const digits = element('plotly').textContent.trim();
    const bytes = Uint8Array.from(atob(digits), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    const script = document.createElement('script');
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    if (!window.Plotly) throw Error('plotly.js does not run in this browser');
  }

  // Plotly reads some tags and entities in its texts.
  const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  // In a title that WebGL draws it reads tags alone.
  const plain = (text) => text.replace(/</g, '\u2039').replace(/>/g, '\u203a');
  const short = (value) => String(Number(value.toPrecision(5)));

  function draw() {
    const s = JSON.parse(element('surface').textContent);
    const [xLabel, yLabel, zLabel] = [s.x_label, s.y_label, s.z_label].map(escaped);
    const logarithmic = s.logarithmic_z ? ', logarithmic' : '';
    const height = (z) => z === null ? null : s.logarithmic_z ? Math.log10(Math.max(z, s.floor_z)) : z;
    const heights = s.zs.map((row) => row.map(height));
    const shown = heights.flat().filter((h) => h !== null);
    if (shown.length === 0) throw Error('the surface has no value to show');
    const low = shown.reduce((a, b) => Math.min(a, b)), high = shown.reduce((a, b) => Math.max(a, b));
    const lift = (share) => (h) => h === null ? null : h + share * (high - low);
    const hover = s.zs.map((row, j) => row.map((z, i) => z === null ? '' :
      `${zLabel} ${short(z)}<br>${xLabel} ${short(s.xs[i])}<br>${yLabel} ${short(s.ys[j])}`));
    const n = s.levels.length;
    const colors = n === 0 ? [[0, s.colors[0]], [1, s.colors[0]]] : s.colors.map((color, i) => [i / n, color]);
    const span = n === 0 ? [-1, 0] : [-0.5, n - 0.5];
    const column = (points, name) => points.map((point) => point[name]);
    const named = (points, share) => ({
      x: column(points, 'x'), y: column(points, 'y'), z: column(points, 'height').map(lift(share)),
      text: column(points, 'name').map(escaped), showlegend: false, hovertemplate: '%{text}<extra></extra>',
    });
    // Where a mark is among the values of an axis, from 0 to 1.
    const part = (values, at) => (at - values[0]) / (values[values.length - 1] - values[0]);
    // Of marks whose names would lie on each other, the first shows its name; the others do when pointed at.
    const labelled = [];
    for (const mark of s.marks) {
      if (![part(s.xs, mark.x), part(s.ys, mark.y)].every((at) => at >= 0 && at <= 1)) continue;
      const near = (other) => Math.abs(part(s.ys, mark.y) - part(s.ys, other.y)) < 0.05 &&
                              Math.abs(part(s.xs, mark.x) - part(s.xs, other.x)) < 0.5;
      if (!labelled.some(near)) labelled.push(mark);
    }
    const labels = labelled.map((mark) => ({
      x: mark.x, y: mark.y, text: escaped(mark.name), showarrow: false, font: { color: '#222' },
      bgcolor: 'rgba(255,255,255,0.75)',
    }));
    const beside = (label) => part(s.xs, label.x) < 0.6 ? { ...label, xanchor: 'left', xshift: 9 } :
                                                          { ...label, xanchor: 'right', xshift: -9 };
    const above = (label, i) => ({ ...label, z: lift(0.02)(labelled[i].height), yshift: 16 });
    const onTop = { color: '#fff', line: { color: '#000', width: 1 } };

    const solid = [{
      type: 'surface', x: s.xs, y: s.ys, z: heights, surfacecolor: s.places, text: hover, colorscale: colors,
      cmin: span[0], cmax: span[1], showscale: false, hovertemplate: '%{text}<extra></extra>',
      lighting: { ambient: 0.75, diffuse: 0.6, specular: 0.06, roughness: 0.9 },
    }];
    // The lines lie a little off the surface, towards its upper side, so that they show whole on steep parts too.
    const lines = { x: [], y: [], z: [] };
    const [width, depth] = [s.xs, s.ys].map((values) => values[values.length - 1] - values[0]);
    const within = (values, at) => Math.min(Math.max(at, values[0]), values[values.length - 1]);
    const off = 0.01;
    for (const { level, x, y } of s.lines) {
      for (let i = 0; i < x.length; ++i) {
        // The surface is lower to the right of a line.
        const before = Math.max(i - 1, 0), after = Math.min(i + 1, x.length - 1);
        const dx = (x[after] - x[before]) / width, dy = (y[after] - y[before]) / depth;
        const length = Math.hypot(dx, dy) || 1;
        lines.x.push(within(s.xs, x[i] + off * width * dy / length));
        lines.y.push(within(s.ys, y[i] - off * depth * dx / length));
        lines.z.push(lift(off)(height(level)));
      }
      for (const values of Object.values(lines)) values.push(null);
    }
    const line3d = { type: 'scatter3d', mode: 'lines', hoverinfo: 'skip', showlegend: false };
    solid.push({ ...line3d, ...lines, line: { color: 'rgba(0,0,0,0.55)', width: 2 } });
    const flat = [{
      type: 'contour', x: s.xs, y: s.ys, z: s.places, text: hover, colorscale: colors, zmin: span[0], zmax: span[1],
      autocontour: false, contours: { start: 0, end: Math.max(n - 1, 0), size: 1 },
      line: { color: 'rgba(0,0,0,0.45)', width: n === 0 ? 0 : 0.8, smoothing: 0 },
      hovertemplate: '%{text}<extra></extra>',
      colorbar: { title: { text: zLabel + logarithmic, side: 'right' }, thickness: 18, outlinewidth: 0,
                  tickmode: 'array', tickvals: n === 0 ? [0] : s.levels.map((_, i) => i), ticktext: s.level_labels },
    }];
    if (s.path.length > 0) {
      const path = named(s.path, 0.015);
      const way = { x: column(s.way, 'x'), y: column(s.way, 'y'), z: column(s.way, 'height').map(lift(0.015)) };
      solid.push({ ...line3d, ...way, line: { color: '#fff', width: 5 } },
                 { ...path, type: 'scatter3d', mode: 'markers', marker: { ...onTop, size: 3 } });
      const { z, ...plane } = path;
      flat.push({ x: plane.x, y: plane.y, mode: 'lines', hoverinfo: 'skip', line: { color: '#000', width: 4 } },
                { ...plane, mode: 'lines+markers', line: { color: '#fff', width: 2 }, marker: { ...onTop, size: 6 } });
    }
    if (s.marks.length > 0) {
      const { z, ...plane } = named(s.marks, 0.02);
      const marker = { color: '#e0482f', line: { color: '#fff', width: 1.5 } };
      solid.push({ ...plane, z, type: 'scatter3d', mode: 'markers', marker: { ...marker, size: 5 } });
      flat.push({ ...plane, mode: 'markers', marker: { ...marker, size: 11 } });
    }

    function layouts() {
      const text = dark.matches ? '#d8dade' : '#222', grid = dark.matches ? '#4a4d55' : '#ccc';
      const common = { paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: dark.matches ? '#33363c' : '#e8e8e8',
                       font: { family: 'sans-serif', size: 12, color: text }, showlegend: false, hovermode: 'closest',
                       modebar: { bgcolor: 'rgba(0,0,0,0)', color: grid, activecolor: text } };
      const axis3d = (title) => ({ title: { text: plain(title) }, gridcolor: grid, zerolinecolor: grid, linecolor: grid,
                                   showspikes: false, showbackground: false });
      const axis = (title, values) => ({ title: { text: title }, range: [values[0], values[values.length - 1]],
                                         showgrid: false, zeroline: false, ticks: 'outside', tickcolor: grid });
      const zAxis = axis3d(s.z_label + logarithmic);
      // With room below, for the lowest number not to lie on the numbers of x.
      if (high > low) zAxis.range = [lift(-0.1)(low), lift(0.04)(high)];
      if (s.logarithmic_z || n === 0) {
        Object.assign(zAxis, { tickmode: 'array', tickvals: s.ticks.map(height), ticktext: s.tick_labels });
      }
      const scene = { xaxis: axis3d(s.x_label), yaxis: axis3d(s.y_label), zaxis: zAxis, aspectmode: 'manual',
                      aspectratio: { x: 1, y: 1, z: 0.75 }, annotations: labels.map(above).filter((label) => label.z !== null),
                      camera: { eye: { x: 1.08, y: -1.47, z: 1.24 }, center: { x: 0, y: 0, z: -0.1 } } };
      return {
        space: { ...common, margin: { l: 0, r: 0, t: 10, b: 0 }, scene },
        plane: { ...common, margin: { l: 70, r: 10, t: 34, b: 55 }, xaxis: axis(xLabel, s.xs),
                 yaxis: axis(yLabel, s.ys), annotations: labels.map(beside) },
      };
    }

    const config = { responsive: true, displaylogo: false, showSendToCloud: false };
    const plots = [[element('flat'), flat, (all) => all.plane]];
    if (document.createElement('canvas').getContext('webgl')) {
      plots.push([element('solid'), solid, (all) => all.space]);
      element('note').hidden = true;
    } else {
      element('solid').hidden = true;
      element('note').textContent = 'No 3-D view: this browser has no WebGL.';
    }
    for (const [place, traces, layout] of plots) Plotly.newPlot(place, traces, layout(layouts()), config);
    dark.addEventListener('change', () => {
      const all = layouts();
      // As the reader has turned it.
      if (plots.length > 1) all.space.scene.camera = element('solid').layout.scene.camera;
      for (const [place, traces, layout] of plots) Plotly.react(place, traces, layout(all), config);
    });
  }

  try {
    element('note').textContent = 'Unpacking the 3-D view ...';
    await unpack();
    element('live').hidden = false;
    draw();
    element('still').hidden = true;
  } catch (error) {
    element('live').hidden = true;
    element('note').textContent = `No 3-D view: ${error.message.replace(/[.]$/, '')}.`;
  }
})();
)js";

// plotly.js is under this license; its copyright notice comes before it.
constexpr char kMitLicense[] = R"(
 The MIT license:

 Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
 persons to whom the Software is furnished to do so, subject to the following conditions:

 The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
 Software.

 THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
 WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
 COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
)";

// Inside a script element, where a string's "</script" or "<!--" would end or change it.
std::string ScriptString(std::string_view text) {
  std::string out;
  for (const char c : JsonString(text)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string NumberOrNull(double value) { return std::isfinite(value) ? JsonReal(value) : "null"; }

// "[a,b]" of what `print` makes of each item.
template <typename Items, typename F>
std::string ListOf(const Items& items, F print) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ",";
    out += print(item);
  }
  return "[" + out + "]";
}

class PageData {
 public:
  explicit PageData(const SurfaceChart& chart) : chart_(chart), scale_(chart) {}

  std::string Json() const {
    const auto label = [&](double z) { return ScriptString(scale_.Label(z)); };
    std::vector<std::string> colors;
    for (size_t band = 0; band <= scale_.levels().size(); ++band) colors.push_back(scale_.Color(band));
    // A surface of one height has no levels, and its legend that height.
    const std::vector<double> labelled = scale_.levels().empty() ? std::vector{scale_.low()} : scale_.levels();
    return "{\"x_label\":" + ScriptString(chart_.x_label) + ",\"y_label\":" + ScriptString(chart_.y_label) +
           ",\"z_label\":" + ScriptString(chart_.z_label) +
           ",\"logarithmic_z\":" + (chart_.logarithmic_z ? "true" : "false") +
           ",\"floor_z\":" + NumberOrNull(chart_.floor_z.value_or(0)) + ",\n\"xs\":" + ListOf(chart_.xs, NumberOrNull) +
           ",\n\"ys\":" + ListOf(chart_.ys, NumberOrNull) + ",\n\"zs\":" +
           Rows([&](size_t i) { return std::isnan(scale_.grid().zs[i]) ? "null" : NumberOrNull(chart_.zs[i]); }) +
           ",\n\"places\":" + Rows([&](size_t i) {
             return std::isnan(scale_.grid().zs[i]) ? "null" : Print("%.5g", scale_.Place(chart_.zs[i]));
           }) +
           ",\n\"levels\":" + ListOf(scale_.levels(), NumberOrNull) + ",\"level_labels\":" + ListOf(labelled, label) +
           ",\"colors\":" + ListOf(colors, ScriptString) + ",\"ticks\":" + ListOf(scale_.Ticks(), NumberOrNull) +
           ",\"tick_labels\":" + ListOf(scale_.Ticks(), label) + ",\n\"lines\":" + Lines() +
           ",\n\"path\":" + Points(chart_.path) + ",\n\"way\":" + Points(Way()) +
           ",\n\"marks\":" + Points(chart_.marks) + "}";
  }

 private:
  template <typename F>
  std::string Rows(F print) const {
    std::string out;
    for (size_t i = 0; i < chart_.zs.size(); ++i) {
      const bool begins = i % chart_.xs.size() == 0;
      out += begins ? (i == 0 ? "[" : "],\n[") : ",";
      out += print(i);
    }
    return "[" + out + "]]";
  }

  std::string Lines() const {
    std::string out;
    for (const double level : scale_.levels()) {
      for (ContourLine& line : ContourLines(scale_.grid(), scale_.Height(level))) {
        if (line.closed) line.points.push_back(line.points.front());
        if (!out.empty()) out += ",\n";
        out += "{\"level\":" + JsonReal(level) +
               ",\"x\":" + ListOf(line.points, [](const PlanePoint& point) { return Print("%.6g", point.x); }) +
               ",\"y\":" + ListOf(line.points, [](const PlanePoint& point) { return Print("%.6g", point.y); }) + "}";
      }
    }
    return "[" + out + "]";
  }

  std::string Points(const std::vector<SurfacePoint>& points) const {
    return ListOf(points, [&](const SurfacePoint& point) {
      return "{\"x\":" + NumberOrNull(point.x) + ",\"y\":" + NumberOrNull(point.y) +
             ",\"height\":" + NumberOrNull(scale_.HeightAt(point.x, point.y)) +
             ",\"name\":" + ScriptString(point.name) + "}";
    });
  }

  // The path with points between its points, so that it keeps to the surface.
  std::vector<SurfacePoint> Way() const {
    std::vector<SurfacePoint> way;
    const size_t pieces = std::clamp<size_t>(4000 / std::max<size_t>(chart_.path.size(), 1), 1, 24);
    for (size_t i = 0; i < chart_.path.size(); ++i) {
      const SurfacePoint& to = chart_.path[i];
      const SurfacePoint& from = chart_.path[i == 0 ? 0 : i - 1];
      for (size_t k = i == 0 ? pieces : 1; k <= pieces; ++k) {
        const double part = static_cast<double>(k) / static_cast<double>(pieces);
        way.push_back({std::lerp(from.x, to.x, part), std::lerp(from.y, to.y, part), {}});
      }
    }
    return way;
  }

  const SurfaceChart& chart_;
  const SurfaceScale scale_;
};

}  // namespace

std::string HtmlOf(const SurfaceChart& chart) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" +
                     Escaped(chart.title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n" +
                     "<p id=\"note\">The 3-D view needs JavaScript.</p>\n<div id=\"live\" hidden>\n<h1>" +
                     Escaped(chart.title) +
                     "</h1>\n<div id=\"views\"><div id=\"solid\"></div><div id=\"flat\"></div></div>\n";
  for (const std::string& line : SurfaceScale(chart).Summary(chart)) page += "<p>" + Escaped(line) + "</p>\n";
  page += "</div>\n<div id=\"still\">\n" + SvgOf(chart) +
          "</div>\n<script type=\"application/json\" id=\"surface\">\n" + PageData(chart).Json() +
          "\n</script>\n<!--\n";
  page += kPackedPlotly.banner;
  page += kMitLicense;
  page += "-->\n<script type=\"text/plain\" id=\"plotly\">\n";
  page += kPackedPlotly.packed;
  page += "\n</script>\n<script>";
  page += kScript;
  return page + "</script>\n</body>\n</html>\n";
}

}  // namespace basin::client::format
