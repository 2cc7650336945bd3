// Shows openapi.json: every call with its parameters, bodies and answers. Text only, nothing of it is run.
'use strict'

const made = (name, text, attributes = {}) => {
  const element = document.createElement(name)
  if (text !== undefined) element.textContent = text
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}

/** A schema in short, as one would write the type. */
const shape = (schema, all, depth = 0) => {
  if (!schema) return ''
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop()
    return depth > 3 ? name : shape(all[name], all, depth + 1)
  }
  const several = schema.oneOf ?? schema.anyOf
  if (several) return several.map((one) => shape(one, all, depth)).join(' | ')
  if (schema.allOf) return schema.allOf.map((one) => shape(one, all, depth)).join(' & ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const types = [schema.type].flat()
  if (types.includes('array')) return `[${shape(schema.items, all, depth)}]${types.includes('null') ? ' | null' : ''}`
  if (!schema.properties) return types.join(' | ')
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const optional = schema.required?.includes(name) ? '' : '?'
    const about = property.description ? `  // ${property.description.replaceAll('\n', ' ')}` : ''
    return `${indent}${name}${optional}: ${shape(property, all, depth + 1)}${about}`
  })
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

const body = (content, all) => {
  const [type, media] = Object.entries(content ?? {})[0] ?? []
  return type ? `${type}\n${shape(media.schema, all)}` : ''
}

const call = (path, method, operation, all) => {
  const article = made('article', undefined, { id: operation.operationId })
  const title = made('h3')
  title.append(made('span', method, { class: 'method' }), made('code', path))
  article.append(title, made('div', operation.summary ?? operation.description ?? ''))
  const facts = made('dl')
  const fact = (name, text) => {
    const value = made('dd')
    value.append(made('pre', text))
    facts.append(made('dt', name), value)
  }
  for (const parameter of operation.parameters ?? []) {
    const about = [parameter.in, shape(parameter.schema, all), parameter.description].filter(Boolean).join('，')
    fact(parameter.name, about)
  }
  if (operation.requestBody) fact('请求', body(operation.requestBody.content, all))
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    fact(status, [response.description, body(response.content, all)].filter(Boolean).join('\n'))
  }
  article.append(facts)
  return article
}

const show = (description) => {
  const all = description.components?.schemas ?? {}
  document.getElementById('about').textContent = `${description.info.description} 版本 ${description.info.version}`
  const calls = document.getElementById('calls')
  const contents = document.getElementById('contents')
  calls.replaceChildren()
  for (const tag of description.tags ?? []) {
    calls.append(made('h2', tag.description ?? tag.name))
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags?.includes(tag.name)) continue
        calls.append(call(path, method, operation, all))
        contents.append(made('a', `${method.toUpperCase()} ${path}`, { href: `#${operation.operationId}` }))
      }
    }
  }
}

fetch('openapi.json')
  .then((response) => response.json())
  .then(show)
  .catch(() => {
    document.getElementById('calls').textContent = '读不到接口说明，请刷新页面。'
  })
