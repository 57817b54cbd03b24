extension ReportPage {
    /// Colours of paper, ink, rules and ten lines, which stay apart in both schemes and for the colour-blind (after
    /// Okabe and Ito).
    static let palette = """
        :root { --paper:#fcfcfa; --ink:#1d2327; --soft:#5d666d; --rule:#dcdfdd; --accent:#0b7a75; --wrong:#b3261e;
          --c0:#0072b2; --c1:#d55e00; --c2:#009e73; --c3:#cc79a7; --c4:#a07800;
          --c5:#56b4e9; --c6:#7a3db8; --c7:#444; --c8:#8c564b; --c9:#6b8e23 }
        @media (prefers-color-scheme: dark) { :root {
          --paper:#15191c; --ink:#e6e9ea; --soft:#9aa5ab; --rule:#30383d; --accent:#4fd1c5; --wrong:#ff8a80;
          --c0:#5ab4ff; --c1:#ff9248; --c2:#3fd3a4; --c3:#f0a3cc; --c4:#f0d040;
          --c5:#9adcff; --c6:#c39bff; --c7:#ccc; --c8:#d3a294; --c9:#b5d56a } }
        """

    /// The style sheet.
    static let style = """
        \(palette)
        * { box-sizing: border-box }
        body { margin:0; background:var(--paper); color:var(--ink); font:16px/1.5 system-ui, sans-serif }
        main { max-width: 820px; margin: 0 auto; padding: 2rem 1rem 4rem }
        h1 { font-size: 2rem; line-height:1.2; margin:0 0 .5rem } h2 { font-size:1.25rem; margin:2.5rem 0 .75rem }
        .lead { font-size:1.1rem } .note, figcaption span, small { color:var(--soft); font-size:.85rem }
        .scroll { overflow-x:auto } table { border-collapse:collapse; font-variant-numeric: tabular-nums }
        .arms { width:100% }
        .arms th, .arms td { padding:.4rem .6rem; border-bottom:1px solid var(--rule); text-align:right;
          white-space:nowrap }
        .arms th:first-child { text-align:left; font-weight:600 }
        thead th { color:var(--soft); font-weight:500; font-size:.85rem }
        .barred { position:relative; min-width:11rem } .barred span:last-child { position:relative }
        .bar { position:absolute; left:0; top:15%; bottom:15%; background:var(--accent); opacity:.18;
          border-radius:2px }
        figure { margin: 1.5rem 0 } figcaption { font-weight:600; margin-bottom:.25rem }
        figcaption span { font-weight:400 } svg { width:100%; height:auto; display:block }
        .grid { stroke:var(--rule); stroke-width:1 } .tick { fill:var(--soft); font-size:11px }
        .line { fill:none; stroke-width:2; stroke-linejoin:round }
        .legend { list-style:none; display:flex; flex-wrap:wrap; gap:.2rem 1.2rem; padding:0; margin:.25rem 0 0;
          font-size:.85rem }
        .key { display:inline-block; width:1rem; height:.2rem; margin-right:.4rem; vertical-align:middle;
          background:currentColor; border-radius:1px }
        \((0..<10).map { ".s\($0){stroke:var(--c\($0));color:var(--c\($0))}" }.joined(separator: " "))
        .sheet { list-style:none; padding:0; margin:0; display:grid; gap:.75rem; font-size:.8rem;
          grid-template-columns:repeat(auto-fill, minmax(88px, 1fr)) }
        .sheet img { width:100%; image-rendering:pixelated; display:block; border-radius:3px; margin-bottom:.2rem }
        .sheet li > span { display:block } .wrong { color:var(--wrong); font-weight:600 }
        .confusion td, .confusion th { width:3rem; text-align:center; padding:.25rem; font-size:.85rem }
        .confusion thead th { color:var(--soft) }
        .confusion .right { background: color-mix(in srgb, var(--accent) calc(var(--a) * 100%), transparent) }
        .confusion .off { background: color-mix(in srgb, var(--wrong) calc(var(--a) * 60%), transparent) }
        code { font-size:.95em }
        """
}
