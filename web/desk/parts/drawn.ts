// ECharts, by module: fetched when a page has a chart. It draws as SVG, which stays sharp on every screen and when printed.
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { UNITS, type Chart, type Unit } from '../state/charts'

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

/** The page's own colours, as they are by now. */
function palette() {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return { ink: of('ink'), soft: of('soft'), line: of('line'), surface: of('surface'), jade: of('jade'), bronze: of('bronze'), font: of('font') }
}

export const begin = (box: HTMLElement): EChartsType => init(box, null, { renderer: 'svg' })

export function draw(chart: EChartsType, { labels, series, units, lying }: Chart): void {
  const colours = palette()
  const words = { color: colours.soft, fontFamily: colours.font, fontSize: 13 }
  const measure = (unit: Unit | undefined, right: boolean) => ({
    type: 'value' as const,
    position: lying ? ('top' as const) : right ? ('right' as const) : ('left' as const),
    min: 0,
    ...(unit === 'percent' ? { max: 100 } : {}),
    minInterval: unit === 'count' ? 1 : 0,
    axisLabel: { ...words, formatter: `{value}${unit === undefined ? '' : UNITS[unit]}` },
    splitLine: { show: !right, lineStyle: { color: colours.line } },
  })
  const names = {
    type: 'category' as const,
    data: labels,
    inverse: lying === true,
    axisLabel: { ...words, hideOverlap: true, ...(lying ? { interval: 0 } : {}) },
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
  }
  const measures = [measure(units[0], false), ...(units[1] === undefined ? [] : [measure(units[1], true)])]
  chart.setOption(
    {
      animation: false,
      textStyle: { fontFamily: colours.font, color: colours.ink },
      grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { ...words, color: colours.ink } },
      tooltip: { trigger: 'axis', backgroundColor: colours.surface, borderColor: colours.line, textStyle: { ...words, color: colours.ink } },
      ...(lying ? { xAxis: measures, yAxis: names } : { xAxis: names, yAxis: measures }),
      series: series.map(({ name, shape, colour, values, right }) => ({
        name,
        type: shape,
        data: values.map((value) => value ?? '-'),
        itemStyle: { color: colours[colour] },
        ...(shape === 'line' ? { lineStyle: { color: colours[colour], width: 2 }, symbol: 'circle', symbolSize: 7, yAxisIndex: right ? 1 : 0 } : { barMaxWidth: 28, barGap: '10%' }),
        tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? `${value}${UNITS[units[right ? 1 : 0] ?? 'count']}` : '—') },
      })),
    },
    { notMerge: true },
  )
}
