// What a password must be, told before it is sent; the server says the same.

export const PASSWORD_MIN = 10

/** What is wrong with a new password typed twice; `null`: nothing. */
export function passwordFault(password: string, again: string, login = ''): string | null {
  if ([...password].length < PASSWORD_MIN) return `密码至少 ${PASSWORD_MIN} 个字符，可以用一句话。`
  if (login !== '' && password.toLowerCase().replace(/^\d+|\d+$/g, '') === login.toLowerCase()) return '密码不能就是登录名。'
  if (/^(.)\1*$/u.test(password)) return '密码不能只是一个字符的重复。'
  return password === again ? null : '两次输入的密码不一样。'
}

/** 3 to 32 characters that can be typed on any keyboard; the server says the same. */
export function loginFault(login: string): string | null {
  return /^[a-z0-9._-]{3,32}$/.test(login) ? null : '登录名要有 3 到 32 位，只用小写字母、数字和 . _ -。'
}
