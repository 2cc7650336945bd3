// Acts of the audit log in words. What is not listed is shown by its code: the log must never hide an act.

const ACTS: Record<string, string> = {
  setup: '设立第一位管理员',
  sign_in: '登录',
  sign_out: '退出登录',
  password: '换密码',
  second_factor: '设置动态验证',
  staff_invite: '邀请人员',
  staff_change: '改人员',
  staff_reset: '重置登录',
  bank_create: '新建题库',
  bank_change: '改题库设置',
  publish: '发布题库',
  export: '导出题目',
}

export const actName = (act: string) => ACTS[act] ?? act
